import type { AxiosInstance } from 'axios';
import type { AnswerRecord } from './answer-record.js';

/**
 * Notes each call of an Axios instance in the record of the request that is being served: the host, and the bytes of
 * the body as it is sent. Every try counts, also one that does not get there. A redirect would be followed unseen, so
 * none is.
 *
 * @param current The record of the request that is being served; undefined outside of one: nothing is noted.
 *
 * @example
 * recordEgress(http.axiosRef, () => {
 *   const context = currentContext();
 *   return context && recordOf(context);
 * });
 */
export function recordEgress(client: AxiosInstance, current: () => AnswerRecord | undefined): void {
  client.interceptors.request.use((request) => {
    const { host } = new URL(client.getUri(request));
    // Last of all: what it gets is what goes out.
    request.transformRequest = [
      ...[request.transformRequest ?? []].flat(),
      (data: unknown) => {
        current()?.hostCall(host, bytesOf(data));
        return data;
      },
    ];
    request.maxRedirects = 0;
    return request;
  });
}

/** @throws TypeError for a body whose size is not known before it is sent */
function bytesOf(data: unknown): number {
  if (data === undefined || data === null) return 0;
  if (typeof data === 'string') return Buffer.byteLength(data);
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return data.byteLength;
  throw new TypeError('The size of a body is to be known, so that the statement can say it.');
}
