"use strict";

/**
 * A number as people write it: digits that mean something, thousands apart.
 * @param {number} value any
 * @param {number} [digits] significant ones
 * @returns {string} such as 1,234 or 0.0123
 */
function written(value, digits = 3) {
  if (Number.isNaN(value)) return "unknown";
  if (!Number.isFinite(value)) return value < 0 ? "−∞" : "∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e15)) {
    return value.toExponential(digits - 1).replace("-", "−");
  }
  const rounded = Number(value.toPrecision(digits));
  return rounded.toLocaleString("en", { maximumSignificantDigits: digits }).replace("-", "−");
}

/**
 * A share in per cent.
 * @param {number} share 0 to 1
 * @param {number} [decimals] of the per cent
 * @returns {string} such as 12.5 %
 */
function percent(share, decimals = 1) {
  return Number.isNaN(share) ? "unknown" : `${(100 * share).toFixed(decimals)} %`;
}
