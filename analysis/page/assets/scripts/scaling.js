"use strict";

/**
 * A number of images as people say it.
 * @param {number} images how many
 * @returns {string} such as 12,300 or 4.5 million
 */
function imagesInWords(images) {
  if (!Number.isFinite(images)) return images > 0 ? "no number of images" : "an unknown number";
  if (images >= 1e12) return written(images);
  if (images >= 1e9) return `${written(images / 1e9)} billion`;
  if (images >= 1e6) return `${written(images / 1e6)} million`;
  return written(Math.round(images));
}

/**
 * An interval in words.
 * @param {number} low its low end
 * @param {number} high its high end
 * @param {(value: number) => string} say how to say an end
 * @returns {string} such as (9,000 to 20,000); nothing where it is not known
 */
function spanInWords(low, high, say) {
  if (Number.isNaN(low) || Number.isNaN(high)) return "";
  return Number.isFinite(high) ? ` (${say(low)} to ${say(high)})` : ` (${say(low)} or more, without an upper end)`;
}

/** The explorer of data scaling. */
class ScalingExplorer {
  constructor() {
    this.shelf = select("scaling-shelf");
    this.model = select("scaling-model");
    this.radius = select("scaling-radius");
    this.law = select("scaling-law");
    this.heldOut = input("scaling-held");
    this.target = input("scaling-target");
    this.targetNumber = input("scaling-target-number");
    /** @type {LearningCurves | undefined} */
    this.curves = undefined;
    fillSelect(this.shelf, shelvesOf("sample_complexity"));
    this.shelf.addEventListener("change", () => void this.load());
    this.model.addEventListener("change", () => this.offerRadii());
    for (const control of [this.radius, this.law, this.heldOut]) control.addEventListener("change", () => this.update());
    this.target.addEventListener("input", () => this.aim(Number(this.target.value)));
    this.targetNumber.addEventListener("change", () => this.aim(Number(this.targetNumber.value)));
    element("scaling-form").addEventListener("submit", (event) => event.preventDefault());
  }

  /** Show another data set: its robust network, certified at the radius it was trained for. */
  async load() {
    const curves = /** @type {LearningCurves} */ (await explored("sample_complexity", this.shelf.value));
    this.curves = curves;
    fillSelect(this.model, [...new Set(curves.curves.map((each) => each.model))]);
    this.model.value = curves.robust;
    this.offerRadii(curves.radius);
    const best = Math.max(0, ...(this.curve()?.measured ?? []).map((each) => each[1] ?? 0));
    this.aim(5 * Math.floor(20 * best)); // a round number within reach
  }

  /**
   * The radii at which the chosen network is certified; 0 stands for plain accuracy.
   * @param {number} [wanted] to be chosen, if it is among them
   */
  offerRadii(wanted = Number(this.radius.value)) {
    const curves = this.curves?.curves.filter((each) => each.model === this.model.value) ?? [];
    const radii = curves.map((each) => each.radius);
    fillSelect(this.radius, radii.map((each) => (each ? `certified at ${written(each)}` : "accuracy")), radii.map(String));
    this.radius.value = String(radii.includes(wanted) ? wanted : (radii[0] ?? 0));
    this.update();
  }

  /**
   * Choose the nearest accuracy for which numbers are stored.
   * @param {number} percent the target
   */
  aim(percent) {
    const { targets = [] } = this.curves ?? {};
    const step = Math.round(200 * ((Number.isFinite(percent) ? percent : 50) / 100));
    const place = Math.min(Math.max(step, 1), targets.length);
    this.target.value = this.targetNumber.value = String(place / 2);
    this.update();
  }

  /** @returns {LearningCurve | undefined} of the chosen network and radius */
  curve() {
    const radius = Number(this.radius.value);
    return this.curves?.curves.find((each) => each.model === this.model.value && each.radius === radius);
  }

  /** Everything that follows from the controls. */
  update() {
    const [curves, curve] = [this.curves, this.curve()];
    if (!curves || !curve) return;
    const at = Math.round(2 * Number(this.target.value)) - 1;
    const fitted = fitOf(curve, this.law.value, this.heldOut.checked);
    const plain = curves.curves.find((each) => each.model === curves.standard && each.radius === 0);
    const other = plain === curve ? undefined : plain;
    const beside = fitOf(other, this.law.value, this.heldOut.checked);
    const count = curves.targets.length;
    const needed = neededAt(fitted.told, at, count);
    const few = neededAt(beside.told, at, count);
    const ratio = ratioOf(needed, few);
    Object.assign(element("scaling-words").dataset, { needed: needed.join(" "), ratio: ratio.join(" "), law: fitted.law });
    this.say(curve, fitted, needed, other ? ratioInWords(ratio, few, curves.standard, other.measured[0]?.[0] ?? 0) : [], curves.targets[at] ?? NaN);
    this.note(curve, fitted, beside, needed);
    const chart = scalingChart(curves, curve, other, fitted, beside, needed, curves.targets[at] ?? NaN, this.heldOut.checked);
    element("scaling-chart").replaceChildren(chart);
  }

  /**
   * @param {LearningCurve} curve of the chosen network and radius
   * @param {{ law: string, told: ToldFit }} fitted its law
   * @param {Span} needed images
   * @param {(string | HTMLElement)[]} comparison with what the standard network needs
   * @param {number} target accuracy
   */
  say(curve, fitted, needed, comparison, target) {
    const place = element("scaling-words");
    const aim = `${percent(target)} ${curve.radius ? `certified at ${written(curve.radius)}` : "accuracy"}`;
    if (fitted.told.status !== "ok") {
      place.replaceChildren(`${fitted.law} says nothing of ${aim}: ${fitted.told.status}.`);
      return;
    }
    const [low, estimate, high] = needed;
    const parts = ["To reach ", strong(aim), ", "];
    if (Number.isFinite(estimate)) {
      parts.push("about ", strong(`${imagesInWords(estimate)} images`), spanInWords(low, high, imagesInWords), " are needed");
    } else {
      parts.push("no number of images is enough by this law");
      if (Number.isFinite(low)) parts.push(`; at the low end of the interval, ${imagesInWords(low)}`);
    }
    place.replaceChildren(...parts, ...comparison, ".");
  }

  /**
   * @param {LearningCurve} curve of the chosen network and radius
   * @param {{ law: string, told: ToldFit }} fitted its law
   * @param {{ law: string, told: ToldFit }} beside that of the standard network
   * @param {Span} needed images
   */
  note(curve, fitted, beside, needed) {
    const lines = [];
    const chosen = this.law.value === "auto" ? ", chosen because it predicts the largest sizes best" : "";
    const largest = curve.measured.at(-1)?.[0] ?? NaN;
    const seen = this.curves?.visits[curve.model] ?? Infinity;
    if (fitted.told.parameters) lines.push(`${fitted.law}${chosen}: ${formula(fitted.law, fitted.told.parameters)}.`);
    if (this.law.value === "auto" && beside.told.needed && beside.law !== fitted.law) {
      lines.push(`The standard network's law is ${beside.law}.`);
    }
    if (Number.isFinite(needed[1]) && needed[1] > FAR * largest) {
      lines.push(`This is more than ${FAR} times the largest set: it rests on the law alone.`);
    }
    if (seen < largest) {
      lines.push(`${curve.model} sees ${written(seen, 6)} images in all: beyond that its training is the limit, not the data.`);
    }
    if (fitted.told.notes.length) lines.push(`Of this fit: ${fitted.told.notes.join("; ")}.`);
    element("scaling-note").textContent = lines.join(" ");
  }
}

/**
 * @param {Span} ratio to what the standard network needs
 * @param {Span} few what that needs
 * @param {string} standard its name
 * @param {number} smallest size that was measured: below it a law says nothing
 * @returns {(string | HTMLElement)[]} the rest of a sentence
 */
function ratioInWords([low, estimate, high], few, standard, smallest) {
  if (few[1] < smallest) return [`; ${standard} gets to the same accuracy before its smallest set of ${written(smallest)}`];
  if (few[1] === Infinity) return [`; nor does ${standard} get to the same accuracy by its law`];
  if (Number.isNaN(estimate)) return [`; what ${standard} needs for the same accuracy is not known`];
  if (!Number.isFinite(estimate)) return [`; for the same accuracy ${standard} needs about ${imagesInWords(few[1])}`];
  const times = (/** @type {number} */ value) => written(value, 2);
  return ["; that is ", strong(`${times(estimate)} times`), spanInWords(low, high, times), ` what ${standard} needs for the same accuracy (about ${imagesInWords(few[1])})`];
}

/**
 * @param {LearningCurve} curve with a grid
 * @param {ToldFit} told of its fit
 * @returns {{ n: number, mean: number, low: number, high: number }[]} accuracies along the law
 */
function alongLaw(curve, told) {
  if (!told.errors) return [];
  const errors = decodedOnce(told, "errors");
  const count = curve.grid.length;
  const at = (/** @type {number} */ row, /** @type {number} */ place) => 1 - (errors[row * count + place] ?? NaN);
  return curve.grid.map((n, place) => ({ n, mean: at(0, place), high: at(1, place), low: at(2, place) }));
}

/**
 * @param {LearningCurves} curves of a data set
 * @param {LearningCurve} curve the chosen one
 * @param {LearningCurve | undefined} other the standard network's, unless that is the chosen one
 * @param {{ told: ToldFit }} fitted to the chosen one
 * @param {{ told: ToldFit }} beside fitted to the standard one
 * @param {Span} needed images
 * @param {number} target accuracy
 * @param {boolean} heldOut whether the largest sizes were held out of the fit
 * @returns {Element} accuracy against images
 */
function scalingChart(curves, curve, other, fitted, beside, needed, target, heldOut) {
  const sizes = curve.measured.map((each) => each[0]);
  const [smallest, largest] = [Math.min(...sizes), Math.max(...sizes)];
  const reach = Math.min(Math.max(FAR * largest, 3 * (Number.isFinite(needed[1]) ? needed[1] : 0)), 1000 * largest);
  const [main, side] = ["var(--accent)", "var(--warm)"];
  const inside = (/** @type {{ n: number }[]} */ line) => line.filter((each) => each.n >= smallest / 2 && each.n <= reach);
  const finite = needed.every(Number.isFinite);
  const at = Math.min(needed[1], reach);
  return labelled({
    ...chartOptions("scaling-chart"),
    ariaLabel: `${curve.model} on ${curves.dataset}: accuracy against training images, measured and by the law`,
    x: { type: "log", domain: [smallest / 2, reach], label: "training images", tickFormat: tickOf },
    y: { domain: [0, 1], grid: true, tickFormat: (/** @type {number} */ e) => `${Math.round(100 * e)} %`, label: null },
    marks: [
      ...(finite ? [Plot.rectY([needed], { x1: 0, x2: 2, y1: 0, y2: target, clip: true, fill: main, fillOpacity: 0.08 })] : []),
      Plot.ruleY([target], { stroke: "currentColor", strokeOpacity: 0.6, strokeDasharray: "2 3" }),
      ...(Number.isFinite(needed[1]) ? [Plot.ruleX([at], { y1: 0, y2: target, stroke: main })] : []),
      ...(other ? learned(other, inside(alongLaw(other, beside.told)), side, largest, heldOut, curves.standard) : []),
      ...learned(curve, inside(alongLaw(curve, fitted.told)), main, largest, heldOut, curve.model),
    ],
  });
}

/**
 * @param {number} n training images
 * @returns {string} such as 1k, 1M
 */
function tickOf(n) {
  if (n >= 1e9) return `${written(n / 1e9)}G`;
  if (n >= 1e6) return `${written(n / 1e6)}M`;
  return n >= 1e3 ? `${written(n / 1e3)}k` : String(n);
}

/**
 * Points and law of one network.
 * @param {LearningCurve} curve measured
 * @param {any[]} line along its law
 * @param {string} color of both
 * @param {number} largest size; beyond it the law is dashed
 * @param {boolean} heldOut whether the two largest were held out, and are hollow
 * @param {string} name beside the last point
 * @returns {any[]} marks
 */
function learned(curve, line, color, largest, heldOut, name) {
  const points = curve.measured.map(([n, mean, low, high], place) => ({
    n, mean, low, high, out: heldOut && place >= curve.measured.length - 2,
  }));
  const known = points.filter((each) => each.low !== null);
  const within = line.filter((each) => each.n <= largest * 1.5);
  const beyond = line.filter((each) => each.n >= largest / 1.5);
  const last = points.at(-1);
  return [
    Plot.areaY(line, { x: "n", y1: "low", y2: "high", fill: color, fillOpacity: 0.16, clip: true }),
    Plot.line(within, { x: "n", y: "mean", stroke: color, strokeWidth: 2, clip: true }),
    Plot.line(beyond, { x: "n", y: "mean", stroke: color, strokeWidth: 2, strokeDasharray: "6 5", clip: true }),
    Plot.ruleX(known, { x: "n", y1: "low", y2: "high", stroke: color }),
    Plot.dot(points, { x: "n", y: "mean", r: 4, stroke: color, strokeWidth: 1.5, fill: (/** @type {any} */ e) => (e.out ? "var(--ground)" : color) }),
    ...(last ? [Plot.text([last], { x: "n", y: "mean", text: () => name, fill: color, textAnchor: "start", dx: 9, dy: -9, stroke: "var(--ground)", strokeWidth: 4 })] : []),
  ];
}

/** @type {ScalingExplorer | undefined} */
let scalingExplorer;

/** Without fitted curves there is no explorer. */
function prepareScaling() {
  if (!document.getElementById("scaling-form")) return;
  const explorer = new ScalingExplorer();
  scalingExplorer = explorer;
  whenIdle(() => explorer.load(), () => explorer.update());
}
