// Listeners by name (contracts 58 to 63).

/** Calls listeners in the order of their registration, each as often as it is registered. */
export class Emitter {
  /** The registrations of each name. A list is never changed but replaced: a dispatch keeps the one it began with. */
  #lists = Object.create(null);

  /** Adds a listener; the same one may be there several times. */
  on(name, listener) {
    return this.#add(name, { listener, once: false });
  }

  /** Adds a listener for a single event: it is removed before it runs. */
  once(name, listener) {
    return this.#add(name, { listener, once: true });
  }

  /** Takes one registration of a listener back. */
  off(name, listener) {
    const list = this.#lists[name];
    const found = list?.find((entry) => entry.listener === listener);
    if (found) {
      this.#lists[name] = list.filter((entry) => entry !== found);
    }
    return this;
  }

  /**
   * The next event of a name: its one argument, or an array of them all. Rejects with the error if one comes first;
   * while the promise is pending, errors are therefore heard (contract 56).
   */
  emitted(name) {
    return new Promise((resolve, reject) => {
      const onEvent = (...values) => {
        this.off('error', onError);
        resolve(values.length > 1 ? values : values[0]);
      };
      const onError = (error) => {
        this.off(name, onEvent);
        reject(error);
      };
      if (name !== 'error') {
        this.once('error', onError);
      }
      this.once(name, onEvent);
    });
  }

  #add(name, entry) {
    const list = this.#lists[name];
    this.#lists[name] = list ? [...list, entry] : [entry];
    return this;
  }

  /** Runs all listeners of a name, then throws what the first to throw has thrown (contract 49). */
  _emit(name, ...values) {
    const list = this.#lists[name];
    if (list === undefined) {
      return;
    }
    if (list.some(isOnce)) {
      this.#lists[name] = list.filter((entry) => !entry.once);
    }
    let thrown;
    for (const { listener } of list) {
      try {
        listener(...values);
      } catch (error) {
        thrown ??= { error };
      }
    }
    if (thrown) {
      throw thrown.error;
    }
  }

  _hasListener(name) {
    return this.#lists[name]?.length > 0;
  }
}

function isOnce(entry) {
  return entry.once;
}
