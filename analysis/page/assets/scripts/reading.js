"use strict";

/**
 * Unpack a figure and show it, once.
 * @param {HTMLImageElement} image beside which it lies packed
 */
async function showDrawing(image) {
  if (image.dataset.asked || !image.parentElement) return;
  image.dataset.asked = "yes";
  const text = await unpacked(image.parentElement);
  image.src = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  await image.decode();
}

/**
 * Show every figure, also those far below: before printing.
 * @returns {Promise<unknown>} done when all are drawn
 */
function showAllDrawings() {
  return Promise.all([...document.querySelectorAll("img")].filter((each) => each.matches(".drawing")).map(showDrawing));
}

/** Figures are unpacked when they come near. */
function prepareDrawings() {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting && entry.target instanceof HTMLImageElement) {
          observer.unobserve(entry.target);
          void showDrawing(entry.target);
        }
      }
    },
    { rootMargin: "1200px" },
  );
  for (const image of document.querySelectorAll("img.drawing")) observer.observe(image);
  addEventListener("beforeprint", () => void showAllDrawings());
}

/**
 * Show a study's figure of one data set, and hide those of others.
 * @param {Element} study its section
 * @param {string} shelf the data set
 * @returns {boolean} whether there is such a figure
 */
function choose(study, shelf) {
  const figures = [...study.querySelectorAll("figure")];
  if (!figures.some((figure) => figure.dataset.shelf === shelf)) return false;
  for (const figure of figures) figure.hidden = figure.dataset.shelf !== shelf;
  for (const input of study.querySelectorAll("input")) input.checked = input.value === shelf;
  return true;
}

/** Each study shows one data set; one control in the margin asks all of them for the same. */
function prepareChoices() {
  const studies = [...document.querySelectorAll(".study")];
  for (const study of studies) {
    const first = study.querySelector("figure");
    if (first?.dataset.shelf) choose(study, first.dataset.shelf);
    study.addEventListener("change", (event) => {
      if (event.target instanceof HTMLInputElement) choose(study, event.target.value);
    });
  }
  const everywhere = document.getElementById("everywhere");
  if (everywhere instanceof HTMLSelectElement) {
    everywhere.addEventListener("change", () => {
      const count = studies.filter((study) => choose(study, everywhere.value)).length;
      announce(`${count} figures show ${everywhere.value}`);
    });
  }
}

/** A link to a figure of a data set that is not shown shows it. */
function followLink() {
  const figure = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(figure instanceof HTMLElement)) return;
  const study = figure.closest(".study");
  if (study && figure.dataset.shelf) choose(study, figure.dataset.shelf);
  figure.scrollIntoView();
}

/** The link to the chapter that is read is marked. */
function markChapters() {
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.getAttribute("href"), link]));
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        const link = links.get(`#${entry.target.id}`);
        if (entry.isIntersecting) link?.setAttribute("aria-current", "true");
        else link?.removeAttribute("aria-current");
      }
    },
    { rootMargin: "-20% 0px -75% 0px" },
  );
  for (const chapter of document.querySelectorAll(".chapter")) observer.observe(chapter);
}
