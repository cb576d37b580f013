"use strict";

/**
 * @param {string} id of an element that is there
 * @returns {HTMLElement} the element
 */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`there is no ${id}`);
  return found;
}

/**
 * @param {string} id of an input
 * @returns {HTMLInputElement} the input
 */
function input(id) {
  return /** @type {HTMLInputElement} */ (element(id));
}

/**
 * @param {string} id of a select
 * @returns {HTMLSelectElement} the select
 */
function select(id) {
  return /** @type {HTMLSelectElement} */ (element(id));
}

/**
 * @param {HTMLSelectElement} place loses its options
 * @param {string[]} words the new ones
 * @param {string[]} [values] what they stand for, if not themselves
 */
function fillSelect(place, words, values = words) {
  place.replaceChildren(...words.map((word, index) => new Option(word, values[index])));
}

/**
 * @param {string} text words that matter
 * @returns {HTMLElement} in bold
 */
function strong(text) {
  const place = document.createElement("strong");
  place.textContent = text;
  return place;
}

/**
 * @param {string} text of a small headline
 * @returns {HTMLElement} the headline
 */
function heading(text) {
  const place = document.createElement("h4");
  place.textContent = text;
  return place;
}

/**
 * @param {string} word name of a column
 * @returns {HTMLTableCellElement} its cell
 */
function headCell(word) {
  const cell = document.createElement("th");
  cell.scope = "col";
  cell.textContent = word;
  return cell;
}

/**
 * @param {string} word content
 * @param {boolean} number whether to align it as one
 * @returns {HTMLTableCellElement} a cell
 */
function bodyCell(word, number) {
  const cell = document.createElement("td");
  cell.textContent = word;
  if (number) cell.className = "number";
  return cell;
}

/**
 * Do something once, when an element comes near.
 * @param {Element} place the element
 * @param {() => void} does what to do
 */
function whenNear(place, does) {
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      does();
    },
    { rootMargin: "1200px" },
  );
  observer.observe(place);
}

/**
 * What a study wrote for the page.
 * @param {string} study its name
 * @param {string} shelf the data set
 * @returns {Promise<any>} JSON; undefined where there is nothing
 */
async function explored(study, shelf) {
  const packs = [...document.querySelectorAll("div.pack")];
  const place = packs.find((each) => each instanceof HTMLElement && each.dataset.study === study && each.dataset.shelf === shelf);
  return place ? JSON.parse(await unpacked(place)) : undefined;
}

/**
 * @param {string} study its name
 * @returns {string[]} data sets of which it wrote something
 */
function shelvesOf(study) {
  const packs = [...document.querySelectorAll("div.pack")];
  return packs.flatMap((each) => (each instanceof HTMLElement && each.dataset.study === study ? [each.dataset.shelf ?? ""] : []));
}

/**
 * Size and look that all charts share.
 * @param {string} id of the element that the chart fills
 * @returns {Record<string, any>} options of Plot.plot
 */
function chartOptions(id) {
  const width = Math.max(280, Math.min(element(id).clientWidth, 992));
  return {
    width,
    height: Math.round(Math.min(0.62 * width, 380)),
    marginLeft: 56,
    marginBottom: 44,
    style: { fontSize: "13px", fontFamily: "inherit", background: "none", color: "inherit" },
  };
}
