import './style/fonts.css';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/spotlight/styles.css';
import '../generated/theme.css';
import './style/frame.css';
import './style/parts.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { cssVariablesResolver, theme } from '../theme.mjs';
import { App } from './app';
import { client } from './kit/api';
import { Boundary } from './kit/boundary';

// Style elements would need an inline style in the policy: the same variables come as a file (generated/theme.css).
createRoot(document.getElementById('root')!).render(
  <MantineProvider theme={theme} cssVariablesResolver={cssVariablesResolver} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
    <QueryClientProvider client={client}>
      <Notifications position="bottom-right" />
      <Boundary>
        <App />
      </Boundary>
    </QueryClientProvider>
  </MantineProvider>,
);
