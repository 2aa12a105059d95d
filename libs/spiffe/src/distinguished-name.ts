import {
  type DerElement,
  elements,
  expect,
  hexOf,
  malformed,
  oidOf,
  sequenceOf,
  Tag,
} from './der.js';

const KEYWORDS: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.25': 'DC',
};

/** The RDNs of a name, each as its whole DER. */
export function rdnsOf(name: Uint8Array): Uint8Array[] {
  return sequenceOf(name, 'a name').map((rdn) => expect(rdn, Tag.set, 'a part of a name').raw);
}

/**
 * A name as text for people and logs (RFC 4514: the most specific part first, special and control characters
 * escaped). Names are compared by their bytes, never by this.
 */
export function nameText(name: Uint8Array): string {
  return rdnsOf(name)
    .reverse()
    .map((rdn) =>
      elements(elements(rdn)[0]?.content ?? rdn)
        .map(attributeText)
        .join('+'),
    )
    .join(',');
}

function attributeText(attribute: DerElement): string {
  const [type, value] = sequenceOf(attribute.raw, 'an attribute of a name');
  if (value === undefined) throw malformed('an attribute of a name has no value');
  const oid = oidOf(expect(type, Tag.oid, 'the type of an attribute'));
  const text = valueText(value);
  return `${KEYWORDS[oid] ?? oid}=${text === undefined ? `#${hexOf(value.raw)}` : escaped(text)}`;
}

function valueText({ tag, content }: DerElement): string | undefined {
  switch (tag) {
    case Tag.utf8String:
    case Tag.printableString:
    case Tag.ia5String:
      return new TextDecoder().decode(content);
    default:
      return undefined;
  }
}

function escaped(text: string): string {
  return text
    .replace(/[,+"\\<>;=]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
      hexOf(new TextEncoder().encode(character)).replace(/../g, '\\$&'),
    );
}
