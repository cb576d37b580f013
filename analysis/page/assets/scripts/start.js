"use strict";

prepareDrawings();
prepareTables();
prepareChoices();
markChapters();
addEventListener("hashchange", followLink);
if (location.hash) followLink();
