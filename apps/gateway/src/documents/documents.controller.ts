import { Controller, Get, Header } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { PeerClient } from '@mesh/agent';
import { InjectPeer } from '@mesh/agent/nest';
import { DocumentsDto } from '@mesh/contracts';
import { SignedIn } from '@mesh/identity/nest';

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
  @Header('cache-control', 'no-store')
  documents(): Promise<DocumentsDto> {
    return this.researcher.getOwn('documents:list', '/v1/documents', DocumentsDto);
  }
}
