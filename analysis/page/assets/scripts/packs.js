"use strict";

/**
 * Text that lies packed in the page: gzip in base64, in a script element of type text/plain.
 * @param {Element} place whose first such element is meant
 * @returns {Promise<string>} the text
 */
async function unpacked(place) {
  const script = place.querySelector('script[type="text/plain"]');
  if (!script || !script.textContent) throw new Error("there is nothing packed here");
  const bytes = Uint8Array.from(atob(script.textContent.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

/**
 * Say something to whoever cannot see it.
 * @param {string} text a few words
 */
function announce(text) {
  const place = document.getElementById("said");
  if (place) place.textContent = text;
}
