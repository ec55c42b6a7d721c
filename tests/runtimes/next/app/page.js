'use client';

import { useEffect, useState } from 'react';
import { turn } from '../turn.js';

export default function Page() {
  const [reply, setReply] = useState('');
  useEffect(() => {
    const service = decodeURIComponent(location.hash.slice(1));
    turn(service).then(setReply, (error) => setReply(String(error)));
  }, []);
  return <p id="reply">{reply}</p>;
}
