"use strict";

/**
 * Images cut into slices of principal directions; analysis/trials/slices.py says how they are put together.
 * @typedef {{
 *   radius: number,
 *   shape: number[],
 *   variances: Float64Array,
 *   mean: Float32Array,
 *   images: Uint8Array,
 *   coordinates: Float32Array,
 *   directions: Int8Array,
 *   scales: Float32Array,
 *   cuts: number[],
 *   rests: Int8Array,
 *   restScales: Float32Array,
 * }} Slices
 */

const KINDS = { uint8: Uint8Array, int8: Int8Array, float32: Float32Array, float64: Float64Array };

/**
 * An array from its bytes.
 * @param {{ type: keyof typeof KINDS, bytes: string }} packed bytes in base64, little-endian
 * @returns {any} a typed array
 */
function arrayOf(packed) {
  const bytes = Uint8Array.from(atob(packed.bytes), (letter) => letter.charCodeAt(0));
  return new KINDS[packed.type](bytes.buffer);
}

/**
 * Slices from what the study wrote.
 * @param {any} explored JSON of figures/SET/slices.json
 * @returns {Slices} ready to be put together
 */
function slicesOf(explored) {
  const arrays = explored.arrays;
  return {
    radius: explored.radius,
    shape: arrays.images.shape,
    cuts: explored.cuts,
    variances: arrayOf(arrays.variances),
    mean: arrayOf(arrays.mean),
    images: arrayOf(arrays.images),
    coordinates: arrayOf(arrays.coordinates),
    directions: arrayOf(arrays.directions),
    scales: arrayOf(arrays.scales),
    rests: arrayOf(arrays.rests),
    restScales: arrayOf(arrays.rest_scales),
  };
}

/**
 * Variance of a band: the sum of its directions' variances.
 * @param {Float64Array} variances of all directions, falling
 * @param {number} first first direction
 * @param {number} last one past the last
 * @returns {number} in units of pixels squared
 */
function varianceOf(variances, first, last) {
  let sum = 0;
  for (let direction = last - 1; direction >= first; direction--) sum += variances[direction] ?? 0;
  return sum;
}

/**
 * Share of the variance in a band, as analysis.subspaces.Subspace.variance_share.
 * @param {Float64Array} variances of all directions
 * @param {number} first first direction
 * @param {number} last one past the last
 * @returns {number} in [0, 1]
 */
function shareOf(variances, first, last) {
  return varianceOf(variances, first, last) / varianceOf(variances, 0, variances.length);
}

/**
 * Root mean square norm in a band, as analysis.subspaces.typical_norm.
 * @param {Float64Array} variances of all directions
 * @param {number} first first direction
 * @param {number} last one past the last
 * @returns {number} l2, pixels in [0, 1]
 */
function normOf(variances, first, last) {
  return Math.sqrt(varianceOf(variances, first, last));
}

/**
 * The band nearest to one asked for whose ends are where the images are cut.
 * @param {Slices} slices the images
 * @param {number} first first direction
 * @param {number} last one past the last
 * @returns {[number, number]} its ends
 */
function nearestCut(slices, first, last) {
  const kept = slices.scales.length;
  const ends = [...slices.cuts, slices.variances.length];
  /** @param {number} end where to cut */
  const near = (end) =>
    end <= kept ? end : ends.reduce((best, each) => (Math.abs(each - end) < Math.abs(best - end) ? each : best));
  const [from, to] = [near(first), near(last)];
  if (from < to) return [from, to];
  const after = ends.findIndex((each) => each > from);
  return after < 0 ? [ends.at(-2) ?? 0, ends.at(-1) ?? to] : [from, ends[after] ?? to];
}

/**
 * Project the images on a band, without the mean.
 * @param {Slices} slices the images
 * @param {number} first first direction, where the images are cut
 * @param {number} last one past the last, where the images are cut
 * @returns {Float32Array} pixels of all images, one after the other
 */
function putTogether(slices, first, last) {
  const { scales, coordinates, directions, rests, restScales, cuts, mean } = slices;
  const [kept, features, shown] = [scales.length, mean.length, slices.shape[0] ?? 0];
  const pixels = new Float32Array(shown * features);
  const end = Math.min(last, kept);
  for (let image = 0; image < shown; image++) {
    const place = pixels.subarray(image * features, (image + 1) * features);
    for (let direction = first; direction < end; direction++) {
      const scale = (coordinates[image * kept + direction] ?? 0) * (scales[direction] ?? 0);
      addTo(place, directions.subarray(direction * features, (direction + 1) * features), scale);
    }
    for (const [sign, cut] of [[1, Math.max(first, kept)], [-1, Math.max(last, kept)]]) {
      const row = image * cuts.length + cuts.indexOf(cut ?? -1);
      if (!cuts.includes(cut ?? -1)) continue;
      addTo(place, rests.subarray(row * features, (row + 1) * features), (sign ?? 0) * (restScales[row] ?? 0));
    }
  }
  return pixels;
}

/**
 * @param {Float32Array} place changed: the summand is added, times the scale
 * @param {Int8Array} summand of the same length
 * @param {number} scale of the summand
 */
function addTo(place, summand, scale) {
  // @ts-ignore: the index is inside, and a check in this loop would take most of the time
  for (let each = 0; each < place.length; each++) place[each] += scale * summand[each];
}
