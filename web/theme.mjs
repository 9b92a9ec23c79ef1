// The look: read by the build, which writes its variables into a style sheet, and by the interface itself.
export const theme = {
  primaryColor: 'indigo',
  colors: { dark: ['#e4e9f0', '#c3ccd8', '#a3afbf', '#77869a', '#3a4658', '#2c3645', '#1f2733', '#1a212c', '#141a23', '#10151d'] },
  primaryShade: { light: 8, dark: 8 },
  defaultRadius: 'md',
  autoContrast: true,
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  headings: { fontFamily: "'Inter Variable', system-ui, sans-serif", fontWeight: '650' },
  cursorType: 'pointer',
  // A menu holds its items alone: without a placeholder for the focus, the first item has it.
  components: { Checkbox: { defaultProps: { radius: 'sm' } }, Menu: { defaultProps: { withInitialFocusPlaceholder: false } } },
};

/** Text that is less important still has the contrast that WCAG asks for, on every surface. */
export const cssVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-text': '#16202e',
    '--mantine-color-dimmed': '#55606f',
    '--mantine-color-placeholder': '#6a7585',
    '--mantine-color-error': '#c01c28',
    '--mantine-color-anchor': '#3346c4',
    '--mantine-color-default-border': '#cfd6df',
  },
  dark: {
    '--mantine-color-body': '#141a23',
    '--mantine-color-text': '#e4e9f0',
    '--mantine-color-dimmed': '#a3afbf',
    '--mantine-color-placeholder': '#8b97a8',
    '--mantine-color-error': '#ff8d85',
    '--mantine-color-anchor': '#9db1ff',
    '--mantine-color-default': '#1d2531',
    '--mantine-color-default-hover': '#263040',
    '--mantine-color-default-border': '#3a4658',
  },
});
