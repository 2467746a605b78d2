// SPDX-License-Identifier: Apache-2.0
import { QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { makeQueryClient } from './api/queries';
import { App } from './app';
import './styles/base.css';
import './styles/parts.css';
import './styles/pages.css';
import './styles/print.css';
import { PlaceProvider } from './ui/place';
import { SettingsProvider } from './ui/settings';

createRoot(document.getElementById('root')!).render(
  <QueryClientProvider client={makeQueryClient()}>
    <SettingsProvider>
      <PlaceProvider>
        <App />
      </PlaceProvider>
    </SettingsProvider>
  </QueryClientProvider>,
);
