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
 * Do something once the page can be read, and again whenever its width changes.
 * @param {() => Promise<void>} begin what to do first
 * @param {() => void} again what to do when the width has changed
 */
function whenIdle(begin, again) {
  setTimeout(() => void begin(), 0);
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    requestAnimationFrame(again);
  });
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
 * A chart that is one image to those who hear the page.
 * @param {Record<string, any>} options of Plot.plot, with an ariaLabel
 * @returns {Element} the chart
 */
function labelled(options) {
  const chart = Plot.plot(options);
  chart.setAttribute("role", "img");
  return chart;
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
