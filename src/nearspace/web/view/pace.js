/** Whether a picture may be coarse: while the map moves, where whole pictures would come too slowly. */

const SLOW = 70; // milliseconds from one whole picture to the next
const EASY = 18; // from one coarse picture to the next: whole ones may be tried again
const PAUSE = 1000; // longer than this is no pace

export class Pace {
  constructor() {
    Object.assign(this, { key: null, time: 0, moving: false, coarse: false, mean: 0, slow: false });
  }

  /**
   * Say what the next picture shows, as a text that differs where the view does; returns whether to draw it coarsely.
   */
  next(key, now) {
    const moving = this.key !== null && key !== this.key;
    if (moving && this.moving && now - this.time < PAUSE) this.judge(now - this.time);
    Object.assign(this, { key, time: now, moving, coarse: moving && this.slow });
    return this.coarse;
  }

  judge(milliseconds) {
    if (this.coarse) this.slow = milliseconds > EASY;
    else {
      this.mean += 0.4 * (milliseconds - this.mean);
      this.slow = this.mean > SLOW;
    }
    if (!this.slow && this.coarse) this.mean = 0;
  }
}
