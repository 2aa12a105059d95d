import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { errorAreas, type ErrorEntry } from '@mesh/errors';
import { Public } from '@mesh/identity/nest';
import { ApiRoute } from '../openapi/api-route.decorator.js';
import { policyOfStyle } from '../edge/page-policies.js';

const STYLE =
  'body{font:16px/1.5 system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem}:target{background:#ff8}';

/** Explains the error codes: each problem's `type` links here. */
@ApiTags('errors')
@Controller('errors')
export class ErrorsController {
  @Get()
  @Public()
  @ApiOperation({
    summary: 'Explain the error codes',
    description:
      "What each code means and what to do about it; a problem's `type` names its entry.",
  })
  @ApiProduces('text/html')
  @ApiOkResponse({
    description: 'A page with an entry for each code.',
    content: { 'text/html': { schema: { type: 'string' } } },
  })
  @ApiRoute()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', policyOfStyle(STYLE))
  list(): string {
    return PAGE;
  }
}

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Error codes</title>
<style>${STYLE}</style>
<h1>Error codes</h1>
${Object.values(errorAreas)
  .flatMap((area) => Object.entries(area as Record<string, ErrorEntry>))
  .map(
    ([code, { status, title, remedy }]) =>
      `<h2 id="${code.toLowerCase()}">${code}</h2><p>${status} — ${escape(title)}</p><p>${escape(remedy)}</p>`,
  )
  .join('\n')}
</html>`;

function escape(text: string): string {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}
