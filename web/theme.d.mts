import type { CSSVariablesResolver, MantineThemeOverride } from '@mantine/core';
export const theme: MantineThemeOverride;
export const cssVariablesResolver: CSSVariablesResolver;
