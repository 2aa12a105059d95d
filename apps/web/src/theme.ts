import {
  Anchor,
  createTheme,
  type CSSVariablesResolver,
  type MantineColorsTuple,
} from '@mantine/core';

const pine: MantineColorsTuple = [
  '#e8f4f1',
  '#d3e8e3',
  '#a6d2c8',
  '#7cc4b6',
  '#4fa796',
  '#349a87',
  '#22877a',
  '#0f7065',
  '#0c6158',
  '#074a43',
];

/** For what Mantine takes from its own greys. */
const dark: MantineColorsTuple = [
  '#e7ebe8',
  '#c3ccc8',
  '#9ca8a3',
  '#6d7974',
  '#4a5551',
  '#323b38',
  '#232b28',
  '#1a201e',
  '#121615',
  '#0d100f',
];

/** What people read is set in a serif, what they operate in the system's own, what machines say in a monospace. */
export const theme = createTheme({
  colors: { pine, dark },
  primaryColor: 'pine',
  primaryShade: { light: 8, dark: 3 },
  defaultRadius: 'sm',
  radius: { xs: '3px', sm: '6px', md: '8px', lg: '12px', xl: '20px' },
  fontFamily: "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', Arial, sans-serif",
  fontFamilyMonospace: 'var(--mono)',
  headings: { fontFamily: 'var(--serif)', fontWeight: '600' },
  focusRing: 'auto',
  respectReducedMotion: true,
  // By colour alone a link is no link to everybody.
  components: { Anchor: Anchor.extend({ defaultProps: { underline: 'always' } }) },
});

/** Mantine's own colours follow the tokens of styles.css. */
export const cssVariables: CSSVariablesResolver = () => {
  const colours = {
    '--mantine-color-body': 'var(--paper)',
    '--mantine-color-text': 'var(--ink)',
    '--mantine-color-dimmed': 'var(--muted)',
    '--mantine-color-placeholder': 'var(--muted)',
    '--mantine-color-default': 'var(--surface)',
    '--mantine-color-default-border': 'var(--line)',
    '--mantine-color-anchor': 'var(--pine)',
    '--mantine-color-disabled': 'var(--sunken)',
    '--mantine-color-disabled-color': 'var(--muted)',
    '--mantine-color-disabled-border': 'var(--line)',
    '--mantine-primary-color-contrast': 'var(--on-pine)',
  };
  return { variables: {}, light: colours, dark: colours };
};
