import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AGENT_CONTEXT, type AgentContext } from '@mesh/agent/nest';
import { serializeBundleDocument, type BundleDocument } from '@mesh/identity';
import { Public } from '@mesh/identity/nest';
import { serializeTrustDocument } from '@mesh/provenance';
import { ApiRoute } from '../openapi/api-route.decorator.js';
import { ArchiveFile } from './archive-file.js';
import { archiveSchema, bundleSchema, trustSchema } from './schemas.js';

const JSON_TYPE = 'application/json; charset=utf-8';

/** What answers are verified by; public, as certificates are. */
@ApiTags('trust')
@Controller('v1')
export class TrustController {
  constructor(
    @Inject(AGENT_CONTEXT) private readonly context: AgentContext,
    @Inject(ArchiveFile) private readonly archived: ArchiveFile,
  ) {}

  @Get('bundle')
  @Public()
  @ApiOperation({
    summary: 'The SPIFFE bundle',
    description:
      'The CAs of the trust domain as a SPIFFE bundle document: a JWK set with the use `x509-svid`. For other trust domains that federate with this one, and for whoever compares it with one had another way.',
  })
  @ApiOkResponse({
    description: 'A SPIFFE bundle document.',
    content: { 'application/json': { schema: bundleSchema } },
  })
  @ApiRoute()
  @Header('content-type', JSON_TYPE)
  @Header('cache-control', 'no-cache')
  bundle(): string {
    return serializeBundleDocument(this.#bundle());
  }

  @Get('trust')
  @Public()
  @ApiOperation({
    summary: 'The trust document',
    description:
      'What `./mesh verify --trust` takes: the bundle, who signs what is delivered, and who may call whom. An answer is proven by a document that its reader trusts, never by its own word: keep this one, or compare its digest with one had another way.',
  })
  @ApiOkResponse({
    description: 'A trust document (`mesh-trust-v1`).',
    content: { 'application/json': { schema: trustSchema } },
  })
  @ApiRoute()
  @Header('content-type', JSON_TYPE)
  @Header('cache-control', 'no-cache')
  trust(): string {
    return serializeTrustDocument({
      bundle: this.#bundle(),
      root: this.context.id,
      edges: this.context.directory.workloadEdges(),
    });
  }

  @Get('trust/archive')
  @Public()
  @ApiOperation({
    summary: 'The archive of retired CAs',
    description:
      'What `./mesh verify --archive` takes: the CAs that vouched for this mesh before, each with the time from which it no longer does, so that old answers verify. Never trust for anything new.',
  })
  @ApiOkResponse({
    description: 'An archive document (`mesh-archive-v1`).',
    content: { 'application/json': { schema: archiveSchema } },
  })
  @ApiRoute('ERR_ARCHIVE_UNUSABLE')
  @Header('content-type', JSON_TYPE)
  @Header('cache-control', 'no-cache')
  archive(): Promise<string> {
    return this.archived.read();
  }

  #bundle(): BundleDocument {
    const { trustDomain } = this.context.directory;
    const { authorities } = this.context.identity.getX509BundleForTrustDomain(trustDomain);
    return { trustDomain, x509Authorities: authorities };
  }
}
