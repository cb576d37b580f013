"use strict";

const ROWS_SHOWN = 200;

/**
 * Take a CSV apart, quotes as RFC 4180 has them.
 * @param {string} text the file
 * @returns {string[][]} rows of cells, the header first
 */
function cells(text) {
  const rows = [];
  /** @type {string[]} */
  let row = [];
  for (const found of text.matchAll(/("(?:[^"]|"")*"|[^",\n]*)(,|\n|$)/g)) {
    const [, cell = "", end = ""] = found;
    if (end === "" && cell === "" && row.length === 0) break;
    row.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end !== ",") {
      rows.push(row);
      row = [];
    }
    if (end === "") break;
  }
  return rows;
}

/**
 * Show a table, and offer to copy and to save it.
 * @param {HTMLElement} place with the packed CSV; data-name is the file's, data-label says what it is
 */
async function fillTable(place) {
  const text = await unpacked(place);
  const [header = [], ...rows] = cells(text);
  const name = place.dataset.name ?? "numbers.csv";
  const more = rows.length > ROWS_SHOWN ? `The first ${ROWS_SHOWN} rows; the file has all ${rows.length.toLocaleString("en")}.` : "";
  place.append(actions(name, text, more), scrolling(name, header, rows.slice(0, ROWS_SHOWN)));
}

/**
 * @param {string} name of the file
 * @param {string} text its content
 * @param {string} more words beside
 * @returns {HTMLElement} buttons
 */
function actions(name, text, more) {
  const place = document.createElement("div");
  place.className = "actions";
  place.append(
    action("Copy", `Copy ${name}`, () => copied(name, text)),
    action("Save CSV", `Save ${name}`, () => saved(name, text)),
    more,
  );
  return place;
}

/**
 * @param {string} word on the button
 * @param {string} label for those who hear it
 * @param {() => void} does what it does
 * @returns {HTMLButtonElement} a button
 */
function action(word, label, does) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = word;
  button.setAttribute("aria-label", label);
  button.addEventListener("click", does);
  return button;
}

/**
 * Copy text, also where a page from a file may not write to the clipboard by itself.
 * @param {string} name what it is
 * @param {string} text what to copy
 */
async function copied(name, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  announce(`${name} is copied`);
}

/**
 * @param {string} name of the file
 * @param {string} text its content
 */
function saved(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
  announce(`${name} is saved`);
}

/**
 * @param {string} name for those who hear it
 * @param {string[]} header names of columns
 * @param {string[][]} rows cells
 * @returns {HTMLElement} a table that scrolls
 */
function scrolling(name, header, rows) {
  const place = document.createElement("div");
  place.className = "rows";
  place.tabIndex = 0;
  place.setAttribute("role", "region");
  place.setAttribute("aria-label", `${name}, table`);
  const table = document.createElement("table");
  const top = table.createTHead().insertRow();
  top.append(...header.map(headCell));
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    line.append(...row.map((word) => bodyCell(word, word !== "" && !Number.isNaN(Number(word)))));
  }
  place.append(table);
  return place;
}

/** Tables are filled when they are opened first. */
function prepareTables() {
  for (const details of document.querySelectorAll("details.numbers")) {
    details.addEventListener(
      "toggle",
      () => {
        const place = details.querySelector(".table");
        if (place instanceof HTMLElement) void fillTable(place);
      },
      { once: true },
    );
  }
}
