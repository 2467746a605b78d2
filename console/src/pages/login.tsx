// SPDX-License-Identifier: Apache-2.0
import { useId, useState, type FormEvent } from 'react';
import { api } from '../api/client';

export function LoginPage({ onDone }: { onDone: () => void }) {
  const [token, setToken] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const id = useId();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError('');
    try {
      await api.logIn(token.trim());
      setToken('');
      onDone();
    } catch (caught) {
      setError(caught instanceof Error ? caught.message : String(caught));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="login">
      <form onSubmit={event => void submit(event)}>
        <img src="/mark.svg" alt="" width="44" height="44" />
        <h1>Fettle</h1>
        <p className="dim">Everything in its place, and proof of it.</p>
        <label htmlFor={id}>One-time login token</label>
        <input
          id={id}
          type="password"
          autoComplete="off"
          autoFocus
          required
          value={token}
          aria-describedby={error ? `${id}e` : `${id}h`}
          aria-invalid={error !== ''}
          onChange={event => setToken(event.target.value)}
        />
        {error && (
          <p id={`${id}e`} className="field-error" role="alert">
            {error}
          </p>
        )}
        <button type="submit" className="main-button" disabled={busy || token.trim() === ''}>
          {busy ? 'Logging in …' : 'Log in'}
        </button>
        <p id={`${id}h`} className="dim small">
          <code>fettle console</code> on the command line prints one. It is good once, for a few minutes.
        </p>
      </form>
    </main>
  );
}
