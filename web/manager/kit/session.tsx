// Who is logged in and what he may do. The manager says which permissions he has, and its description which one each operation needs.
import { createContext, useContext } from 'react';
import { permissionOf, type Operation, type Session } from '../../generated/api';

const Context = createContext<Session | null>(null);
export const SessionProvider = Context.Provider;

export function useSession(): Session {
  const session = useContext(Context);
  if (!session) throw new Error('nobody is logged in');
  return session;
}

export type May = (operation: Operation) => boolean;
export function useMay(): May {
  const { permissions } = useSession();
  return (operation) => (permissions as string[]).includes(permissionOf[operation]);
}
