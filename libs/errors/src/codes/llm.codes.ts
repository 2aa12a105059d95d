import type { ErrorEntry } from '../error-entry.js';

/** Codes of the model that writes the article. */
export const llmCodes = {
  ERR_MODEL_KEY_MISSING: {
    status: 503,
    title: 'No key for the model is set',
    remedy: 'Set it: ./mesh secret set gemini. Or use the embedded writer, which needs none.',
    relay: true,
  },
  ERR_MODEL_KEY_REFUSED: {
    status: 502,
    title: 'The provider does not accept the key',
    remedy: 'Set a key that is valid and allowed to use the API: ./mesh secret set gemini.',
    relay: true,
  },
  ERR_MODEL_NOT_FOUND: {
    status: 502,
    title: 'The provider does not know the model',
    remedy: 'Set the name of a model that the key may use.',
    relay: true,
  },
  ERR_MODEL_PRECONDITION: {
    status: 502,
    title: 'The provider does not serve this account or place',
    remedy: "See the provider's console: billing, and the regions in which the API is offered.",
    relay: true,
  },
  ERR_MODEL_REQUEST_REFUSED: {
    status: 502,
    title: 'The provider refused the request',
    remedy: 'Ask a shorter question, or with fewer sources; else the model may not take this form.',
    relay: true,
  },
  ERR_MODEL_RATE_LIMITED: {
    status: 503,
    title: 'The model was asked too often',
    remedy: "Ask again in a minute, or raise the limit in the provider's console.",
    relay: true,
  },
  ERR_MODEL_QUOTA_EXHAUSTED: {
    status: 503,
    title: 'The quota of the model is used up for today',
    remedy: "Wait for the next day, or raise the quota in the provider's console.",
    relay: true,
  },
  ERR_MODEL_UNAVAILABLE: {
    status: 503,
    title: 'The model cannot be reached or failed',
    remedy: "Ask again; if it lasts, see the provider's status page and the agent's egress.",
    relay: true,
  },
  ERR_MODEL_TIMEOUT: {
    status: 504,
    title: 'The model did not answer in time',
    remedy: 'Ask again, or a shorter question.',
    relay: true,
  },
  ERR_MODEL_RESPONSE_INVALID: {
    status: 502,
    title: 'The model answered outside its contract',
    remedy: 'Ask again; if it lasts, check the base URL and the version of the API.',
    relay: true,
  },
  ERR_MODEL_RESPONSE_TRUNCATED: {
    status: 502,
    title: "The model's answer broke off",
    remedy: 'Ask again.',
    relay: true,
  },
  ERR_MODEL_PROMPT_BLOCKED: {
    status: 422,
    title: 'The provider blocked the question or its sources',
    remedy: 'Word the question differently. The reason stands in `detail`.',
    relay: true,
  },
  ERR_MODEL_ANSWER_BLOCKED: {
    status: 422,
    title: "The provider blocked the model's answer",
    remedy: 'Word the question differently. The reason stands in `detail`.',
    relay: true,
  },
  ERR_MODEL_ANSWER_EMPTY: {
    status: 502,
    title: 'The model answered nothing',
    remedy: 'Ask again.',
    relay: true,
  },
  ERR_MODEL_ANSWER_CUT: {
    status: 502,
    title: 'The answer is longer than the model may write',
    remedy: 'Ask for less, or raise the limit of output tokens.',
    relay: true,
  },
  ERR_MODEL_OPTION_INVALID: {
    status: 500,
    title: 'An option of the model is not valid',
    remedy: 'Set the option that the message names to what it should hold.',
  },
} as const satisfies Record<string, ErrorEntry>;
