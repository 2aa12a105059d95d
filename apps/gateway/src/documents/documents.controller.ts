import { Controller, Get, Header } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { PeerClient } from '@mesh/agent';
import { InjectPeer } from '@mesh/agent/nest';
import { DocumentsDto } from '@mesh/contracts';
import { SignedIn } from '@mesh/identity/nest';
import { ApiJson } from '../openapi/api-json.decorator.js';
import { ApiSignedInRoute } from '../openapi/api-route.decorator.js';
import { PEER, RELAYED_OF_SEARCH } from '../openapi/route-codes.js';

const example: DocumentsDto = {
  search: 'documents',
  total: 1,
  documents: [{ title: 'Workload identity', url: 'documents:///guides/workload-identity.md' }],
};

/** What answers are made of. */
@ApiTags('documents')
@Controller('v1/documents')
export class DocumentsController {
  constructor(@InjectPeer('researcher') private readonly researcher: PeerClient) {}

  @Get()
  @SignedIn()
  @ApiOperation({
    summary: 'See what is searched',
    description:
      'Titles and URLs of the documents that answers may come from, as the researcher has them; none where the web is searched.',
  })
  @ApiJson(DocumentsDto, example, 'What is searched.')
  @ApiSignedInRoute([], ...PEER, ...RELAYED_OF_SEARCH)
  @Header('cache-control', 'no-store')
  documents(): Promise<DocumentsDto> {
    return this.researcher.getOwn('documents:list', '/v1/documents', DocumentsDto);
  }
}
