import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MeshMetrics } from './mesh-metrics.js';

describe('MeshMetrics', () => {
  beforeEach(() => {
    jest.useFakeTimers({
      now: new Date('2026-01-01T00:00:00Z'),
      doNotFake: ['setImmediate', 'nextTick'],
    });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('counts requests by template, method and status', async () => {
    const metrics = new MeshMetrics();
    metrics.request({ route: '/v1/drafts', method: 'POST', status: 200, durationMs: 30 });
    metrics.request({ route: undefined, method: 'BREW', status: 404, durationMs: 1 });
    const text = await metrics.expose();
    expect(text).toContain('mesh_requests_total{route="/v1/drafts",method="POST",status="200"} 1');
    expect(text).toContain('mesh_requests_total{route="unmatched",method="OTHER",status="404"} 1');
    expect(text).toContain(
      'mesh_request_duration_seconds_bucket{le="0.05",route="/v1/drafts",method="POST"} 1',
    );
    expect(text).toContain(
      'mesh_request_duration_seconds_sum{route="/v1/drafts",method="POST"} 0.03',
    );
  });

  it('counts hops, handshakes, rotations, retries and breakers', async () => {
    const metrics = new MeshMetrics();
    metrics.hop({ peer: 'writer', outcome: 'ok', durationMs: 4 });
    metrics.handshake({ side: 'server', outcome: 'accepted' });
    metrics.handshake({ side: 'server', outcome: 'refused', code: 'ERR_PEER_NOT_AUTHORIZED' });
    metrics.rotation();
    metrics.retry('gemini');
    metrics.breaker('gemini', 'open');
    metrics.breaker('writer', 'half-open');
    const text = await metrics.expose();
    for (const line of [
      'mesh_hop_duration_seconds_count{peer="writer",outcome="ok"} 1',
      'mesh_handshakes_total{side="server",outcome="accepted",code=""} 1',
      'mesh_handshakes_total{side="server",outcome="refused",code="ERR_PEER_NOT_AUTHORIZED"} 1',
      'mesh_svid_rotations_total 1',
      'mesh_retries_total{name="gemini"} 1',
      'mesh_breaker_state{name="gemini"} 2',
      'mesh_breaker_state{name="writer"} 1',
    ]) {
      expect(text).toContain(line);
    }
  });

  it('computes the seconds to expiry at each scrape', async () => {
    const metrics = new MeshMetrics();
    let notAfter: Date | undefined;
    metrics.watchSvid(() => notAfter);
    expect(await metrics.expose()).not.toMatch(/^mesh_svid_expiry_seconds /m);
    notAfter = new Date('2026-01-01T00:01:00Z');
    expect(await metrics.expose()).toMatch(/^mesh_svid_expiry_seconds 60$/m);
    jest.setSystemTime(new Date('2026-01-01T00:01:05Z'));
    expect(await metrics.expose()).toMatch(/^mesh_svid_expiry_seconds -5$/m);
    notAfter = undefined;
    expect(await metrics.expose()).not.toMatch(/^mesh_svid_expiry_seconds /m);
  });

  it('keeps agents apart and shows the process to each', async () => {
    const one = new MeshMetrics();
    const other = new MeshMetrics();
    one.rotation();
    expect(await one.expose()).toMatch(/^mesh_svid_rotations_total 1$/m);
    const text = await other.expose();
    expect(text).toMatch(/^mesh_svid_rotations_total 0$/m);
    expect(text).toMatch(/^process_cpu_seconds_total /m);
    expect(other.contentType).toContain('text/plain');
  });

  it('bounds the values of a label', async () => {
    const metrics = new MeshMetrics();
    for (let i = 0; i < 150; i++) metrics.retry(`policy-${i}`);
    metrics.retry('policy-0');
    const text = await metrics.expose();
    expect(text.match(/^mesh_retries_total\{/gm)).toHaveLength(101);
    expect(text).toContain('mesh_retries_total{name="policy-0"} 2');
    expect(text).toContain('mesh_retries_total{name="other"} 50');
  });
});
