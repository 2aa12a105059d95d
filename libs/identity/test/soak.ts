import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  authorizeAny,
  authorizeId,
  createMtlsPool,
  createMtlsServer,
  peerOf,
  type X509Bundle,
  type X509Svid,
} from '@mesh/identity';
import { lasting, TestSource } from './workload.js';

export interface SoakResult {
  readonly requests: number;
  readonly failures: readonly unknown[];
  /** Rotations of the server and of the client. */
  readonly rotations: readonly [number, number];
  /** Different certificates that requests saw of the server and of the client. */
  readonly serials: readonly [number, number];
}

export interface SoakOptions {
  readonly seconds: number;
  readonly ttlSeconds: number;
  /** How far notBefore is set back. */
  readonly backdateSeconds: number;
  readonly bundle: X509Bundle;
  readonly issue: (
    path: string,
    validity: { notBefore: Date; notAfter: Date },
  ) => Promise<X509Svid>;
}

/**
 * Load over SVIDs that both rotate at half of their life: some requests answered at once, others by streams of up to
 * 0.35 of the TTL. In real time, as OpenSSL goes by no other.
 */
export async function soak({
  seconds,
  ttlSeconds,
  backdateSeconds,
  bundle,
  issue,
}: SoakOptions): Promise<SoakResult> {
  const end = new AbortController();
  const until = Date.now() + seconds * 1000;
  const ttl = ttlSeconds * 1000;
  const failures: unknown[] = [];
  const serials = [new Set<string>(), new Set<string>()] as const;
  let requests = 0;

  const workload = async (path: string) => {
    const source = new TestSource(await issue(path, lasting(ttlSeconds, backdateSeconds)), bundle);
    let rotations = 0;
    const rotate = async () => {
      while (!end.signal.aborted) {
        const halfLife = source.getX509Svid().notAfter.getTime() - ttl / 2;
        await delay(Math.max(0, halfLife - Date.now()), undefined, { signal: end.signal });
        source.update(await issue(path, lasting(ttlSeconds, backdateSeconds)));
        rotations++;
      }
    };
    const count = () => rotations;
    // It ends by the wait that is aborted, or after the rotation that was under way.
    return { source, ended: rotate().then(count, count) };
  };
  const server = await workload('/server');
  const client = await workload('/client');

  const https = createMtlsServer(
    server.source,
    server.source,
    authorizeAny(),
    {},
    (request, response) => {
      serials[1].add(peerOf(request.socket)?.serialNumber ?? '');
      const ms = Number(request.url?.slice(1));
      if (ms === 0) return response.end('done');
      response.write('begun ');
      setTimeout(() => response.end('done'), ms);
    },
  );
  https.listen(0, '127.0.0.1');
  await once(https, 'listening');
  const pool = createMtlsPool(
    `https://127.0.0.1:${(https.address() as AddressInfo).port}`,
    client.source,
    client.source,
    authorizeId(server.source.getX509Svid().id),
  );

  const load = async (length: () => number) => {
    while (Date.now() < until) {
      const ms = Math.floor(length());
      requests++;
      try {
        const { body, peer } = await pool.request({ method: 'GET', path: `/${ms}` });
        serials[0].add(peer.serialNumber);
        if (!(await body.text()).endsWith('done')) failures.push(`cut off after ${ms} ms`);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const loads = [
    ...Array.from({ length: 4 }, () => load(() => 0)),
    ...Array.from({ length: 8 }, () => load(() => Math.random() * ttl * 0.35)),
  ];
  await Promise.all(loads);
  end.abort();
  await pool.close();
  await new Promise((done) => https.close(done));
  return {
    requests,
    failures,
    rotations: [await server.ended, await client.ended],
    serials: [serials[0].size, serials[1].size],
  };
}
