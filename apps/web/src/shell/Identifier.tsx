import { Fragment } from 'react';

/** An ID or address that nobody would want broken in the middle of a word, and that has no spaces. */
export function Identifier({ children }: { children: string }) {
  return (
    <span className="identifier">
      {children.split(/(?<=[/#])(?![/#])/).map((part, index) => (
        <Fragment key={index}>
          {index > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </span>
  );
}
