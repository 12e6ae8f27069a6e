/** English for what happens by itself: what does not fit, refusals, passing news, farewells. */
export const told = {
  alarms: {
    unknown: 'Something does not fit. Your device refused it.',
    about: (name: string, sentence: string) => `${name}: ${sentence}`,
    sentences: {
      commit_refused: 'The server tried to change who is inside by itself. Your device refused.',
      welcome_refused: 'What the server sent to let you in does not fit what the host signed. Your device refused.',
      knock_bad: 'Someone knocked whose papers do not fit. Your device shows no name for them.',
      booking_bad: 'What the server says of this meeting does not fit its link. Your device refused.',
      policies_older:
        'The server knew older rules of this meeting than your device. Yours hold. Look at who may come in.',
      add_withheld: 'They were let in, but they are not inside. The server holds the change back.',
      policy_withheld: 'A change of the rules has not been carried out. The server holds it back.',
      order_forged: 'The server passed on a change without its own signature. Your device refused.',
      order_forked:
        'The server signed two different changes for the same moment. People may see different meetings. Ask each other aloud who is here, and keep the details: they are proof.',
      clock_off:
        'The clocks of this device and of others are more than two minutes apart. Set the clock of this device.',
      regroup_refused: 'The server asked your device to start anew, though a host is still here. Your device refused.',
      fork: 'They are shown another meeting than you are. Ask each other aloud who is here.',
      split: 'They have fallen silent. The meeting may have been split. Ask each other another way who is here.',
      removal_withheld: 'They are still inside. The removal has not been carried out, so nothing of yours is sent.',
      absence_contradicted: 'The server says that they left, yet they were heard a moment ago.',
    },
  },

  // What only this page can say: no server was there to say it. The others' texts are in protocol/faults.json.
  faults: {
    line_broken: { text: 'We cannot reach the server.', todo: 'Check your network, then try again.' },
    name_bad: { text: 'That name cannot be shown.', todo: 'Write it another way.' },
    stopped: { text: 'Your connection is not confirmed.', todo: 'Nothing was sent. Try again in a moment.' },
    not_allowed: { text: 'Guests cannot do that here.', todo: 'Ask the host to allow it.' },
    unconfirmed: {
      text: 'No host has confirmed yet who is inside.',
      todo: 'Nothing was sent. Try again in a moment.',
    },
    said_too_long: { text: 'That was too long to send.', todo: 'Make it shorter and send it again.' },
  },

  notice: {
    joined: (name: string) => `${name} is here`,
    left: (name: string) => `${name} left`,
    absent: (name: string) => `${name} is gone without a word`,
    returned: (name: string) => `${name} is back`,
    removed: (name: string) => `${name} was removed`,
    knock: (name: string) => `${name} is at the door`,
    'muted-by-self': () => 'Your microphone is off. People cannot hear you.',
    back: () => 'You are back. Camera and sound are as you left them.',
    locked: (name: string) => `${name} locked the meeting. Nobody new comes in.`,
    unlocked: (name: string) => `${name} unlocked the meeting. New people can knock.`,
    'co-host': (name: string) => `${name} is a co-host now`,
    'co-host-no-more': (name: string) => `${name} is no longer a co-host`,
    host: (name: string) => `${name} is a host now`,
    hand: (name: string) => `${name} raised their hand`,
    pardoned: (name: string) => `${name} may knock again`,
    regrouped: () => 'The host opened the meeting anew. You are inside.',
    'bars-forgotten': () => 'People who were removed before may knock again. Remove them again if they come.',
    'no-host-confirms': () => 'You are back. No host has confirmed this connection yet.',
    'others-confirm': () => 'You are back. The others’ devices confirmed the meeting.',
    someone: 'Someone',
    dismiss: 'Dismiss',
  },

  over: {
    ended: {
      title: 'The meeting has ended',
      text: 'The host ended it for everyone. Its links open nothing any more, and its keys are wiped from this device.',
    },
    closed: {
      title: 'The server closed the meeting',
      text: 'We have not seen the host’s own word for it. Its links open nothing any more.',
    },
    left: { title: 'You left the meeting', text: 'The others go on. Camera and microphone are off.' },
    denied: {
      title: 'The host did not let you in',
      text: 'If you think this was a mistake, ask them another way.',
    },
    lapsed: { title: 'Nobody answered', text: 'Reach the host another way, or ask to join again.' },
    removed: {
      title: 'You were removed from the meeting',
      text: 'The host ended your part in it. If you think this was a mistake, ask them another way.',
    },
    locked: {
      title: 'This meeting is locked',
      text: 'The host has closed the door to new people. Call or write to them, then try again.',
    },
    unknown: {
      title: 'This meeting does not exist or is over',
      text: 'Links stop working when a meeting ends. Check that you copied the whole link, or ask for a new one.',
    },
    unsupported: {
      title: 'This browser cannot join',
      text: 'It cannot seal picture and sound. Use a current Chrome, Edge, Firefox or Safari, and open the link there.',
    },
    elsewhere: {
      title: 'The meeting is open elsewhere',
      text: 'You opened it in another tab or on another device. Carry on there, or take over here.',
    },
    full: { title: 'The meeting is full', text: 'Wait until someone leaves, then ask again.' },
    unsealed: {
      title: 'Something does not fit',
      text: 'Your device checked who is inside before it joined, and refused. Nothing of yours was sent. Tell the host another way.',
    },
    comeBack: 'Come back',
    askAgain: 'Ask to join again',
    tryAgain: 'Try again',
    takeOver: 'Take over here',
    missing: 'What it lacks',
    lost: { title: 'There is nothing at this address', text: 'Check that you copied the whole link.' },
  },
} as const
