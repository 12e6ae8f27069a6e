import { mount } from 'svelte'
import { openConference } from '../core/conference'
import { openOrganiser } from '../core/organiser'
import '../style/fonts.css'
import '../style/tokens.css'
import '../style/base.css'
import { language } from '../text'
import App from './App.svelte'
import { Router } from './router'

const target = document.getElementById('app')
if (target === null) throw new Error('index.html has no place for the page')
document.documentElement.lang = language
mount(App, { target, props: { router: new Router(window), core: { openConference, openOrganiser } } })
