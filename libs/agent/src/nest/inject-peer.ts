import { Inject } from '@nestjs/common';

export function peerToken(name: string): string {
  return `PEER_${name}`;
}

/**
 * Injects the `PeerClient` of another agent. It is there if that agent names this one under `callers`.
 * @example constructor(@InjectPeer('writer') private readonly writer: PeerClient) {}
 */
export function InjectPeer(name: string): ParameterDecorator {
  return Inject(peerToken(name));
}
