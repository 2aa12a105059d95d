import { Anchor } from '@mantine/core';
import { Identifier } from '../shell/Identifier.js';

interface Props {
  title: string;
  url: string;
}

/** A source by its title and place; a link only where the web has it. */
export function SourceLink({ title, url }: Props) {
  const web = URL.canParse(url) && ['https:', 'http:'].includes(new URL(url).protocol);
  return (
    <>
      {web ? (
        <Anchor href={url} target="_blank" rel="noopener noreferrer nofollow">
          {title}
        </Anchor>
      ) : (
        <span>{title}</span>
      )}
      <br />
      <Identifier>{url.replace(/^documents:\/\/\//, '')}</Identifier>
    </>
  );
}
