import type { MeshConfig } from '@mesh/agent';

/** Where people open the gateway whose listener has this URL. */
export function publicUrlOf(config: MeshConfig, listenerUrl: string): string {
  const { port, protocol } = new URL(listenerUrl);
  // A URL leaves its default port out.
  return config.publicOrigin(port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port));
}
