import { createContext } from 'svelte'
import type { Router } from './router'

/** The router for whatever screen is shown. */
export const [getRouter, setRouter] = createContext<Router>()
