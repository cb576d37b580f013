"use strict";

prepareDrawings();
prepareTables();
prepareChoices();
markChapters();
prepareScaling();
prepareBands();
addEventListener("hashchange", followLink);
if (location.hash) followLink();
