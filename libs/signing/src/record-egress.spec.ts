import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosInstance } from 'axios';
import { AnswerRecord, recordEgress } from './index.js';

/** Of each request that arrived: path and bytes of the body. */
const arrived: [string, number][] = [];
let server: Server;
let host: string;
const requests = new AsyncLocalStorage<AnswerRecord>();
let http: AxiosInstance;

beforeAll(async () => {
  server = createServer((request, response) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => (bytes += chunk.length));
    request.on('end', () => {
      arrived.push([request.url ?? '', bytes]);
      if (request.url === '/moved') response.writeHead(307, { location: '/elsewhere' });
      if (request.url === '/busy') response.statusCode = 503;
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

beforeEach(() => {
  arrived.length = 0;
  http = axios.create({ baseURL: `http://${host}/v1` });
  recordEgress(http, () => requests.getStore());
});

const bytesSent = () => arrived.reduce((sum, [, bytes]) => sum + bytes, 0);

describe('recordEgress', () => {
  it.each<[string, unknown]>([
    ['an object', { question: '“Why?” 😀', list: [1, 2] }],
    ['text', 'äöü'],
    ['bytes', gzipSync('body')],
    ['a form', new URLSearchParams({ a: 'ä' })],
    ['nothing', undefined],
  ])('notes the host, and the bytes of %s as they arrive', async (_, body) => {
    const record = new AnswerRecord();
    await requests.run(record, () => http.post('/x', body));
    expect(arrived).toHaveLength(1);
    expect(record.hosts).toEqual([{ host, bytes: bytesSent() }]);
  });

  it('adds up the calls of a request, each try, and keeps requests apart', async () => {
    const [first, second] = [new AnswerRecord(), new AnswerRecord()];
    await Promise.all([
      requests.run(first, async () => {
        await expect(http.post('http://' + host + '/busy', { a: 1 })).rejects.toThrow('503');
        await http.post('/x', { a: 1 });
        await http.get('/x');
      }),
      requests.run(second, () => http.post('/x', { much: 'more' })),
    ]);
    expect(first.hosts).toEqual([{ host, bytes: 2 * '{"a":1}'.length }]);
    expect(second.hosts).toEqual([{ host, bytes: '{"much":"more"}'.length }]);
    expect(arrived).toHaveLength(4);
  });

  it('notes a try that nobody answers', async () => {
    const record = new AnswerRecord();
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    await requests.run(record, () =>
      expect(http.post(`http://127.0.0.1:${port}/`, 'abc')).rejects.toThrow(),
    );
    expect(record.hosts).toEqual([{ host: `127.0.0.1:${port}`, bytes: 3 }]);
  });

  it('names the port unless it is the usual one', async () => {
    const record = new AnswerRecord();
    const adapter = () => Promise.reject(new Error('not sent'));
    const own = axios.create({ adapter });
    recordEgress(own, () => record);
    await expect(own.get('https://api.example:443/a?key=b')).rejects.toThrow('not sent');
    await expect(own.get('https://api.example:8443/a')).rejects.toThrow('not sent');
    expect(record.hosts.map((call) => call.host)).toEqual(['api.example', 'api.example:8443']);
  });

  it('lets no redirect lead to a host that is not noted', async () => {
    const record = new AnswerRecord();
    await requests.run(record, () =>
      expect(http.post(`http://${host}/moved`, 'abc', { maxRedirects: 5 })).rejects.toThrow('307'),
    );
    expect(arrived.map(([path]) => path)).toEqual(['/moved']);
  });

  it('refuses a body whose size nobody knows, and notes nothing outside of a request', async () => {
    const body = new FormData();
    body.append('a', 'b');
    const record = new AnswerRecord();
    await requests.run(record, () => expect(http.post('/x', body)).rejects.toThrow(TypeError));
    expect(arrived).toEqual([]);
    expect(record.hosts).toEqual([]);
    await http.post('/x', { a: 1 });
    await http.post('/x', body);
    expect(arrived).toHaveLength(2);
  });
});
