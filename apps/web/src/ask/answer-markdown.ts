import type { JsonObject, JsonValue } from '@mesh/provenance';

/** The verified answer as a Markdown file: what was asked, the text, and where it comes from. It proves nothing by itself. */
export function answerMarkdown(question: string, content: JsonObject): string {
  const { answer, sources, correlationId } = content;
  const list = Array.isArray(sources) ? sources.map(sourceLine).filter(Boolean) : [];
  return [
    `# ${question.replaceAll(/\s+/g, ' ')}`,
    typeof answer === 'string' ? answer.trim() : '',
    ...(list.length > 0 ? ['## Sources', list.join('\n')] : []),
    `*Verified in the browser when it was saved. This file is not signed: the signed JSON proves it.${
      typeof correlationId === 'string' ? ` Correlation ID: ${correlationId}.` : ''
    }*`,
  ]
    .filter(Boolean)
    .join('\n\n')
    .concat('\n');
}

function sourceLine(source: JsonValue): string {
  if (typeof source !== 'object' || source === null || Array.isArray(source)) return '';
  const { id, title, url } = source as JsonObject;
  if (typeof id !== 'number' || typeof title !== 'string' || typeof url !== 'string') return '';
  return `- [${id}] ${oneLine(title)}: <${oneLine(url).replaceAll(/[<>]/g, encodeURIComponent)}>`;
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ');
