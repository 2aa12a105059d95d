import type { ErrorEntry } from '../error-entry.js';

/** Codes of the models that write. */
export const llmCodes = {
  ERR_MODEL_KEY_MISSING: {
    status: 503,
    title: 'There is no key for Gemini',
    remedy: 'Set it: ./mesh secret set gemini.',
    relay: true,
  },
  ERR_MODEL_KEY_REFUSED: {
    status: 502,
    title: 'Gemini does not accept the key',
    remedy: 'Set a valid key that may use the Gemini API: ./mesh secret set gemini.',
    relay: true,
  },
  ERR_MODEL_NOT_FOUND: {
    status: 502,
    title: 'Gemini has no such model for this key',
    remedy: 'Name a model that the key may use in MESH_GEMINI_MODEL, and check MESH_GEMINI_URL.',
    relay: true,
  },
  ERR_MODEL_REQUEST_REFUSED: {
    status: 502,
    title: 'Gemini refused the request',
    remedy: 'Ask with fewer or shorter sources; if every question is refused, update the mesh.',
    relay: true,
  },
  ERR_MODEL_PRECONDITION: {
    status: 502,
    title: 'Gemini does not serve this key here',
    remedy: 'Check at ai.google.dev that the API serves your region, and the billing of the key.',
    relay: true,
  },
  ERR_MODEL_RATE_LIMITED: {
    status: 503,
    title: 'Gemini was asked too often',
    remedy: 'Ask again later.',
    relay: true,
  },
  ERR_MODEL_QUOTA_SPENT: {
    status: 503,
    title: "The day's quota of the Gemini key is used up",
    remedy: 'Wait until midnight Pacific time, or raise the quota at ai.google.dev.',
    relay: true,
  },
  ERR_MODEL_UNAVAILABLE: {
    status: 502,
    title: 'Gemini cannot be reached, or fails',
    remedy: 'Check the network and aistudio.google.com/status, and ask again later.',
    relay: true,
  },
  ERR_MODEL_TIMEOUT: {
    status: 504,
    title: 'Gemini did not answer in time',
    remedy: 'Ask again later, or with fewer sources.',
    relay: true,
  },
  ERR_MODEL_PROMPT_BLOCKED: {
    status: 422,
    title: 'Gemini does not answer this question with these sources',
    remedy: 'Ask in other words; the reason in the message is that of its content filter.',
    relay: true,
  },
  ERR_MODEL_ANSWER_BLOCKED: {
    status: 502,
    title: 'Gemini stopped writing the answer',
    remedy: 'Ask in other words; the reason in the message is that of its content filter.',
    relay: true,
  },
  ERR_MODEL_ANSWER_EMPTY: {
    status: 502,
    title: 'Gemini wrote nothing',
    remedy: 'Ask again, or in other words.',
    relay: true,
  },
  ERR_MODEL_ANSWER_CUT: {
    status: 502,
    title: "Gemini's answer is longer than it may be",
    remedy: 'Ask for less at once.',
    relay: true,
  },
  ERR_MODEL_ANSWER_BROKEN_OFF: {
    status: 502,
    title: "Gemini's answer broke off",
    remedy: 'Ask again; if it lasts, check the network.',
    relay: true,
  },
  ERR_MODEL_RESPONSE_INVALID: {
    status: 502,
    title: "Gemini's answer cannot be used",
    remedy: 'Check that the base URL is that of the Gemini API, and ask again later.',
    relay: true,
  },
} as const satisfies Record<string, ErrorEntry>;
