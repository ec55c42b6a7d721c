// Listeners by event name (contracts 58 to 63).

/** Calls listeners in the order of their registration, each as often as it is registered. */
export class Emitter {
  /**
   * The registrations of each name. A list is never changed but replaced: a dispatch under way
   * keeps its own.
   */
  #lists = Object.create(null);

  /** Adds a listener. The same function may be added several times. */
  on(name, listener) {
    return this.#add(name, { listener, once: false });
  }

  /** Adds a listener for a single event. It is removed before it runs. */
  once(name, listener) {
    return this.#add(name, { listener, once: true });
  }

  /** Removes one registration of a listener. */
  off(name, listener) {
    const list = this.#lists[name];
    const found = list?.find((entry) => entry.listener === listener);
    if (found) {
      this.#lists[name] = list.filter((entry) => entry !== found);
    }
    return this;
  }

  /**
   * Resolves to the next event of a name: its one argument, or an array of several. Rejects with
   * the error if an error comes first; while the promise is pending, errors therefore have a
   * listener (contract 56).
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

  /** Runs all listeners of a name, then rethrows the first exception among them (contract 49). */
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
