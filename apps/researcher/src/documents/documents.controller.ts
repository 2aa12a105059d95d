import { Controller, Get, Inject } from '@nestjs/common';
import { MAX_DOCUMENTS, type DocumentsDto } from '@mesh/contracts';
import { Action } from '@mesh/identity/nest';
import type { SearchProvider } from '@mesh/search';
import { SEARCH_PROVIDER } from '@mesh/search/nest';

/** What is searched, for the gateway to show: nobody's question, so on nobody's behalf. */
@Controller('v1/documents')
export class DocumentsController {
  constructor(@Inject(SEARCH_PROVIDER) private readonly search: SearchProvider) {}

  @Get()
  @Action('documents:list', { delegated: false })
  async list(): Promise<DocumentsDto> {
    const list = await this.search.list?.(MAX_DOCUMENTS);
    return {
      search: this.search.name,
      total: list?.total ?? 0,
      documents: list?.documents.map(({ title, url }) => ({ title, url })) ?? [],
    };
  }
}
