import { Anchor } from '@mantine/core';
import { visibleLine } from '../answer/visible-text.js';
import { Identifier } from '../shell/Identifier.js';

interface Props {
  title: string;
  url: string;
  /** Nobody has signed it yet: it is named, and leads nowhere. */
  unverified?: boolean;
}

/** A source by its title and place; a link only where the web has it. */
export function SourceLink({ title, url, unverified = false }: Props) {
  const web = URL.canParse(url) && ['https:', 'http:'].includes(new URL(url).protocol);
  return (
    <>
      {web && !unverified ? (
        <Anchor href={url} target="_blank" rel="noopener noreferrer nofollow">
          <bdi>{visibleLine(title)}</bdi>
        </Anchor>
      ) : (
        <bdi>{visibleLine(title)}</bdi>
      )}
      <br />
      <Identifier>{visibleLine(url.replace(/^documents:\/\/\//, ''))}</Identifier>
    </>
  );
}
