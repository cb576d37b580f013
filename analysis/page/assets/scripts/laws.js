"use strict";

/**
 * What the study wrote of a fit; analysis/studies/all_laws.py says what.
 * @typedef {{ status: string, notes: string[], parameters?: Record<string, number>, errors?: any, needed?: any }} ToldFit
 * @typedef {Record<string, ToldFit | string>} ToldFits a fit for each law, and under "auto" the name of one
 * @typedef {{
 *   model: string,
 *   radius: number,
 *   measured: [number, number | null, number | null, number | null][],
 *   grid: number[],
 *   fits: { all?: ToldFits, smaller?: ToldFits },
 * }} LearningCurve size, mean accuracy and its interval for each measured size
 * @typedef {{
 *   dataset: string, radius: number, standard: string, robust: string, seeds: number, level: number,
 *   visits: Record<string, number>, targets: number[], curves: LearningCurve[],
 * }} LearningCurves
 * @typedef {[number, number, number]} Span low end, estimate, high end
 */

const FAR = 10; // times the largest size: beyond, what a law says is called an extrapolation, as in analysis.scaling

/**
 * A fit of a curve.
 * @param {LearningCurve | undefined} curve of one model and radius
 * @param {string} law its name, or auto
 * @param {boolean} heldOut whether the largest sizes are held out
 * @returns {{ law: string, told: ToldFit }} the law that auto stands for, and what is known of its fit
 */
function fitOf(curve, law, heldOut) {
  const fits = heldOut ? curve?.fits.smaller : curve?.fits.all;
  const name = law === "auto" ? String(fits?.auto ?? "M1") : law;
  const told = fits?.[name];
  const missing = { status: heldOut ? "too few sizes to hold any out" : "not measured", notes: [] };
  return { law: name, told: typeof told === "object" ? told : missing };
}

/**
 * @param {ToldFit} told of a fit
 * @param {number} at position of the target
 * @param {number} count number of targets
 * @returns {Span} samples that bring the expected accuracy there; infinite where a floor forbids it, else unknown
 */
function neededAt(told, at, count) {
  if (!told.needed) return [NaN, NaN, NaN];
  const all = /** @type {Float32Array} */ (decodedOnce(told, "needed"));
  const [low = NaN, estimate = NaN, high = NaN] = [0, 1, 2].map((end) => all[end * count + at]);
  return [low, estimate, high];
}

/**
 * @param {ToldFit} told of a fit, whose array is decoded at the first call
 * @param {"needed" | "errors"} name of the array
 * @returns {Float32Array} its numbers
 */
function decodedOnce(told, name) {
  if (!(told[name] instanceof Float32Array)) told[name] = arrayOf(told[name]);
  return told[name];
}

/**
 * How many times more samples one needs than the other, as analysis.scaling.ratio.
 * @param {Span} robust what it needs
 * @param {Span} standard what it needs
 * @returns {Span} joined as if independent; unknown where the standard one does not get there either
 */
function ratioOf(robust, standard) {
  const [many, few] = [robust.map(Math.log), standard.map(Math.log)];
  const [lowMany = NaN, middleMany = NaN, highMany = NaN] = many;
  const [lowFew = NaN, middleFew = NaN, highFew = NaN] = few;
  const estimate = middleMany - middleFew;
  if (!Number.isFinite(middleFew) || Number.isNaN(estimate)) return [NaN, NaN, NaN];
  if (estimate === Infinity) return [Math.exp(lowMany - highFew), Infinity, Infinity];
  const low = estimate - Math.hypot(middleMany - lowMany, highFew - middleFew);
  const high = estimate + Math.hypot(highMany - middleMany, middleFew - lowFew);
  return [Math.exp(low), Math.exp(estimate), Math.exp(high)];
}

/**
 * An exponent.
 * @param {number} value any
 * @returns {string} the number in raised digits
 */
function raised(value) {
  const marks = new Map(Object.entries({ "−": "⁻", ".": "·", ",": "" }));
  return [...written(value)].map((each) => marks.get(each) ?? "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(each)] ?? each).join("");
}

/**
 * The formula of a law with its numbers.
 * @param {string} law its name
 * @param {Record<string, number>} parameters of the fit
 * @returns {string} error or accuracy as a function of n
 */
function formula(law, parameters) {
  const { a = NaN, b = NaN, c = NaN, m = NaN, k = NaN, e0 = NaN, p = NaN, q = NaN } = parameters;
  const power = `${written(a)} · n${raised(-b)}`;
  if (law === "M1") return `error = ${power}`;
  if (law === "M2") return `error = ${written(c)} + ${power}`;
  if (law === "M3") return `error = ${written(c)} + ${written(a)} · (n + ${written(m)})${raised(-b)}`;
  if (law === "M4") return `(error − ${written(c)}) / (${written(e0)} − error)${raised(k)} = ${power}`;
  return `accuracy = ${written(p)} + ${written(q)} · log₂ n`;
}
