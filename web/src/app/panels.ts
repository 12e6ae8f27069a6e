/** PanelName is what may stand beside the faces; on a phone, over them. */
export type PanelName = 'people' | 'chat' | 'security' | 'more'
