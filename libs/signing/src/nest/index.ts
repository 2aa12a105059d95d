export { ANSWERED_REQUESTS, type AnsweredRequests } from './answered-requests.token.js';
export { SignResponseInterceptor } from './sign-response.interceptor.js';
