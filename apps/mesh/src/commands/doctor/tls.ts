import { existsSync } from 'node:fs';
import { loopbackTls, readTlsFiles, type MeshConfig } from '@mesh/agent';
import { failureLine } from '../../failure-line.js';
import { ok, skipped, wrong, type Finding } from './finding.js';

/** The certificate of the gateway, and what a browser has to trust for it. */
export function checkTls(config: MeshConfig): Finding {
  const what = 'TLS';
  try {
    const files = config.tlsFiles();
    if (files === undefined) {
      return ok(what, 'off: people are served by plain HTTP, on loopback alone (MESH_TLS)');
    }
    if (config.tls === 'loopback' && !existsSync(files.certificate)) {
      return skipped(what, 'the certificate for this machine is made at the first start');
    }
    const host = config.publicUrl && new URL(config.publicUrl).hostname;
    const { notAfter, warning } = readTlsFiles(files, host, new Date());
    const until = `${files.certificate} until ${notAfter.toISOString()}`;
    if (config.tls === 'loopback') {
      const { authority } = loopbackTls(config.state);
      return ok(what, `${until}; a browser takes it once it trusts ${authority}`);
    }
    return ok(what, warning === undefined ? until : `${until}; ${warning}`);
  } catch (error) {
    return wrong(what, failureLine(error));
  }
}
