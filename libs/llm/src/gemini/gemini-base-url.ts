import { ModelError } from '../model.error.js';

export const GEMINI_BASE_URL = 'https://generativelanguage.googleapis.com';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * The base URL without a slash at its end. https, or http on loopback; no user, query or fragment. Throws
 * `ERR_MODEL_BASE_URL_INVALID`, whose message does not repeat the value: a key may have been pasted into it.
 */
export function parseBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const secure =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (url === undefined || !secure || url.username + url.password + url.search + url.hash !== '')
    throw new ModelError(
      'ERR_MODEL_BASE_URL_INVALID',
      "Gemini's base URL must be an https URL (http on loopback alone) without user, query or fragment.",
    );
  return url.href.replace(/\/+$/, '');
}
