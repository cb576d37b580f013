"use strict";

/**
 * Mean, low and high end; null where it is not known.
 * @typedef {[number | null, number | null, number | null]} Known
 * @typedef {{ model: string, accuracy: Known, certified: Known[] }} Network
 * @typedef {{ components: [number, number | null][] | null, standard: Network, robust: Network }} Recorded
 * @typedef {{ radii: number[], seeds: number, bands: Recorded[] }} OnBands
 * @typedef {{ slices: Slices, radii: number[], seeds: number, recorded: Recorded[] }} Bands
 */

/**
 * Everything known of the bands of a data set.
 * @param {string} shelf the data set
 * @returns {Promise<Bands>} from the packs of three studies, of which the last two may be missing
 */
async function bandsOf(shelf) {
  const slices = slicesOf(await explored("slices", shelf));
  /** @type {OnBands[]} */
  const found = [];
  for (const study of ["subspace_accuracy", "subspace_sweep"]) {
    const read = await explored(study, shelf);
    if (read) found.push(read);
  }
  const names = new Set();
  const recorded = found
    .flatMap((each) => each.bands)
    .filter((band) => {
      const name = JSON.stringify(band.components);
      const fresh = !names.has(name);
      names.add(name);
      return fresh;
    });
  const radii = found[0]?.radii ?? [slices.radius];
  return { slices, radii, seeds: found[0]?.seeds ?? 0, recorded };
}

/**
 * @param {Recorded["components"]} components bands, null for all
 * @param {number} count number of directions
 * @returns {string} such as 0–16 and 200–end
 */
function bandName(components, count) {
  if (components === null) return "all";
  return components.map(([first, last]) => `${first}–${last === null || last === count ? "end" : last}`).join(" and ");
}

/**
 * How far a recorded band is from the one asked for: its ends, in doublings.
 * @param {Recorded} band recorded
 * @param {number} first first direction asked for
 * @param {number} last one past the last
 * @param {number} count number of directions
 * @returns {number} 0 for the same band; infinite for a union of bands
 */
function distanceTo(band, first, last, count) {
  const [only, ...others] = band.components ?? [[0, null]];
  if (!only || others.length) return Infinity;
  const end = only[1] ?? count;
  return Math.abs(Math.log2((1 + first) / (1 + only[0]))) + Math.abs(Math.log2(last / end));
}

/**
 * The recorded band that is nearest to the one asked for; of all pixels and all directions, the pixels.
 * @param {Bands} bands of a data set
 * @param {number} first first direction
 * @param {number} last one past the last
 * @returns {Recorded | undefined} undefined where none is recorded
 */
function nearestRecorded(bands, first, last) {
  const count = bands.slices.variances.length;
  return bands.recorded.reduce(
    (/** @type {Recorded | undefined} */ best, each) =>
      !best || distanceTo(each, first, last, count) < distanceTo(best, first, last, count) ? each : best,
    undefined,
  );
}

/** The explorer of subspaces. */
class BandExplorer {
  constructor() {
    this.shelf = select("bands-shelf");
    this.radius = select("bands-radius");
    this.first = input("bands-first");
    this.last = input("bands-last");
    this.firstNumber = input("bands-first-number");
    this.lastNumber = input("bands-last-number");
    /** @type {Bands | undefined} */
    this.bands = undefined;
    /** @type {ImageRow[]} */
    this.rows = [];
    fillSelect(this.shelf, shelvesOf("slices"));
    this.shelf.addEventListener("change", () => void this.load());
    this.radius.addEventListener("change", () => this.update());
    for (const [range, number] of [
      [this.first, this.firstNumber],
      [this.last, this.lastNumber],
    ]) {
      if (!range || !number) continue;
      range.addEventListener("input", () => this.move(range, Number(range.value)));
      number.addEventListener("change", () => this.move(range, Number(number.value)));
    }
    element("bands-form").addEventListener("submit", (event) => event.preventDefault());
  }

  /** Show another data set: the tail from about a sixth of the directions on. */
  async load() {
    const bands = await bandsOf(this.shelf.value);
    this.bands = bands;
    const count = bands.slices.variances.length;
    for (const each of [this.first, this.last, this.firstNumber, this.lastNumber]) each.max = String(count);
    this.first.max = this.firstNumber.max = String(count - 1);
    fillSelect(this.radius, bands.radii.map((radius) => written(radius)), bands.radii.map(String));
    this.radius.value = String(bands.slices.radius);
    const tail = bands.recorded.find((each) => each.components?.length === 1 && each.components[0]?.[1] === null);
    this.set(tail?.components?.[0]?.[0] ?? Math.floor(count / 6), count);
    this.offer();
    this.rows = [0, 1, 2].map(() => new ImageRow(bands.slices.shape));
    element("bands-images").replaceChildren(...this.rows.flatMap((row) => [row.title, ...row.canvases]));
    this.rows[0]?.paint("Test images", (each) => (bands.slices.images[each] ?? 0) / 255);
    this.update();
  }

  /** One button for each recorded band that is no union. */
  offer() {
    const { recorded, slices } = /** @type {Bands} */ (this.bands);
    const count = slices.variances.length;
    const buttons = recorded
      .filter((each) => (each.components ?? []).length === 1)
      .sort((one, other) => (one.components?.[0]?.[0] ?? 0) - (other.components?.[0]?.[0] ?? 0))
      .map((each) => {
        const [first, last] = each.components?.[0] ?? [0, null];
        const name = bandName(each.components, count);
        const button = action(name, `Directions ${name}`, () => {
          this.set(first, last ?? count);
          this.update();
        });
        button.dataset.band = `${first} ${last ?? count}`;
        return button;
      });
    element("bands-recorded").replaceChildren("Recorded: ", ...buttons);
  }

  /**
   * @param {number} first first direction
   * @param {number} last one past the last
   */
  set(first, last) {
    this.first.value = this.firstNumber.value = String(first);
    this.last.value = this.lastNumber.value = String(last);
  }

  /**
   * Move one end; the other gives way.
   * @param {HTMLInputElement} end which
   * @param {number} to where
   */
  move(end, to) {
    if (!this.bands) return;
    const count = this.bands.slices.variances.length;
    const wanted = Number.isFinite(to) ? Math.round(to) : 0;
    if (end === this.first) {
      const first = Math.min(Math.max(wanted, 0), count - 1);
      this.set(first, Math.max(Number(this.last.value), first + 1));
    } else {
      const last = Math.min(Math.max(wanted, 1), count);
      this.set(Math.min(Number(this.first.value), last - 1), last);
    }
    this.update();
  }

  /** Everything that follows from the controls. */
  update() {
    const bands = this.bands;
    if (!bands) return;
    const [first, last, radius] = [Number(this.first.value), Number(this.last.value), Number(this.radius.value)];
    const { variances } = bands.slices;
    this.say(variances, first, last, radius);
    for (const button of element("bands-recorded").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.band === `${first} ${last}`));
    }
    element("bands-chart").replaceChildren(spectrumChart(variances, first, last));
    element("bands-table").replaceChildren(accuracyTable(bands, first, last, radius));
    this.paint(bands.slices, first, last);
  }

  /**
   * @param {Float64Array} variances of all directions
   * @param {number} first first direction
   * @param {number} last one past the last
   * @param {number} radius of the adversary
   */
  say(variances, first, last, radius) {
    const [share, norm] = [shareOf(variances, first, last), normOf(variances, first, last)];
    const place = element("bands-words");
    Object.assign(place.dataset, { share: String(share), norm: String(norm) });
    const fate =
      norm <= radius
        ? "no more than the radius: an adversary can move a typical image all the way to the mean of this band."
        : `${written(norm / radius, 2)} times the radius: it would take that much to erase a typical image here.`;
    place.replaceChildren(
      `${(last - first).toLocaleString("en")} of ${variances.length.toLocaleString("en")} directions hold `,
      strong(share >= 0.0001 ? percent(share, share < 0.01 ? 3 : 1) : `${written(100 * share, 2)} %`),
      " of the variance. The typical norm of an image there is ",
      strong(written(norm)),
      `, ${fate}`,
    );
  }

  /**
   * @param {Slices} slices the images
   * @param {number} first first direction
   * @param {number} last one past the last
   */
  paint(slices, first, last) {
    const [from, to] = nearestCut(slices, first, last);
    const name = bandName([[from, to]], slices.variances.length);
    const exact = from === first && to === last;
    element("bands-note").textContent = exact
      ? ""
      : `The images are on directions ${name}: beyond ${slices.scales.length} only a few cuts are stored.`;
    const part = putTogether(slices, from, to);
    const features = slices.mean.length;
    this.rows[1]?.paint(`Projected on directions ${name}`, (each) => (part[each] ?? 0) + (slices.mean[each % features] ?? 0));
    this.rows[2]?.paint("The same without the mean, contrast stretched", stretched(part));
  }
}

/** A row of images under one headline. */
class ImageRow {
  /** @param {number[]} shape number, height, width and channels of the images */
  constructor([shown = 0, height = 0, width = 0, channels = 1]) {
    this.shown = shown;
    this.pixels = width * height;
    this.channels = channels;
    this.title = heading("");
    this.data = new ImageData(width, height);
    this.canvases = Array.from({ length: shown }, () => {
      const canvas = document.createElement("canvas");
      Object.assign(canvas, { width, height });
      canvas.setAttribute("role", "img");
      return canvas;
    });
  }

  /**
   * @param {string} title what the images show
   * @param {(place: number) => number} value brightness of each pixel of all images, cut to [0, 1]
   */
  paint(title, value) {
    this.title.textContent = title;
    for (const [image, canvas] of this.canvases.entries()) {
      canvas.setAttribute("aria-label", `${title}: image ${image + 1} of ${this.shown}`);
      const bytes = this.data.data;
      for (let pixel = 0; pixel < this.pixels; pixel++) {
        const place = (image * this.pixels + pixel) * this.channels;
        bytes[4 * pixel] = 255 * value(place);
        bytes[4 * pixel + 1] = this.channels > 1 ? 255 * value(place + 1) : (bytes[4 * pixel] ?? 0);
        bytes[4 * pixel + 2] = this.channels > 1 ? 255 * value(place + 2) : (bytes[4 * pixel] ?? 0);
        bytes[4 * pixel + 3] = 255;
      }
      canvas.getContext("2d")?.putImageData(this.data, 0, 0);
    }
  }
}

/**
 * Contrast around grey that uses all of the range for all but one pixel in two hundred.
 * @param {Float32Array} part differences from the mean
 * @returns {(place: number) => number} brightness of each pixel
 */
function stretched(part) {
  const sizes = Float32Array.from(part, Math.abs).sort();
  const most = Math.max(sizes[Math.floor(0.995 * (sizes.length - 1))] ?? 0, 1e-12);
  return (each) => 0.5 + (part[each] ?? 0) / (2 * most);
}

/**
 * @param {Float64Array} variances of all directions
 * @param {number} first first direction
 * @param {number} last one past the last
 * @returns {Element} variance against direction, the band filled
 */
function spectrumChart(variances, first, last) {
  const step = Math.max(1, Math.floor(variances.length / 400));
  const points = Array.from(variances, (variance, direction) => ({ direction, variance })).filter(
    ({ direction }) => direction % step === 0 || direction === first || direction === last - 1,
  );
  const inside = points.filter(({ direction }) => first <= direction && direction < last);
  const lowest = variances.at(-1) ?? 1;
  const fill = "var(--accent)";
  return labelled({
    ...chartOptions("bands-chart"),
    ariaLabel: `Variance of each principal direction; the band from ${first} to ${last} is filled`,
    x: { label: "principal direction", domain: [0, variances.length], grid: false },
    y: { type: "log", label: "variance", grid: true, ticks: 6, tickFormat: (/** @type {number} */ e) => e.toExponential(0) },
    marks: [
      Plot.areaY(inside, { x: "direction", y1: lowest, y2: "variance", fill, fillOpacity: 0.25 }),
      Plot.line(points, { x: "direction", y: "variance", stroke: "currentColor", strokeWidth: 1.5 }),
      Plot.line(inside, { x: "direction", y: "variance", stroke: fill, strokeWidth: 3 }),
      Plot.ruleX([first, last], { stroke: fill }),
    ],
  });
}

/**
 * @param {Bands} bands of a data set
 * @param {number} first first direction
 * @param {number} last one past the last
 * @param {number} radius of the adversary
 * @returns {Element} the nearest recorded accuracies
 */
function accuracyTable(bands, first, last, radius) {
  const found = nearestRecorded(bands, first, last);
  if (!found) {
    const place = document.createElement("p");
    place.textContent = "No accuracies are recorded: python -m analysis run subspace_accuracy";
    return place;
  }
  const name = bandName(found.components, bands.slices.variances.length);
  const at = bands.radii.indexOf(radius);
  const rows = /** @type {[string, Known | undefined][]} */ ([
    [`${found.standard.model} (standard): accuracy`, found.standard.accuracy],
    [`${found.robust.model} (robust): accuracy`, found.robust.accuracy],
    [`${found.robust.model} (robust): certified at ${written(radius)}`, found.robust.certified[at]],
  ]);
  const table = document.createElement("table");
  table.className = "facts";
  const caption = table.createCaption();
  caption.textContent = `Nearest record: ${name === "all" ? "all pixels" : `directions ${name}`}, ${bands.seeds} seeds`;
  const top = table.createTHead().insertRow();
  for (const word of ["network", "mean", "90 % interval"]) top.append(headCell(word));
  const body = table.createTBody();
  for (const [label, known] of rows) {
    const line = body.insertRow();
    const [mean, low, high] = (known ?? [null, null, null]).map((each) => (each === null ? "unknown" : percent(each)));
    line.append(...[label, mean ?? "", `${low?.replace(" %", "")} to ${high}`].map((word, place) => bodyCell(word, place > 0)));
    line.dataset.mean = String(known?.[0]);
  }
  return table;
}

/** @type {BandExplorer | undefined} */
let bandExplorer;

/** Without slices there is no explorer. */
function prepareBands() {
  if (!document.getElementById("bands-form")) return;
  const explorer = new BandExplorer();
  bandExplorer = explorer;
  whenIdle(() => explorer.load(), () => explorer.update());
}
