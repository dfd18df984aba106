/**
 * The heaviest of very many names in bounded memory: the space-saving sketch. It holds a fixed number of names with their weights; a name
 * that has no place takes the one of the lightest and inherits its weight, so that the weight told is never below the true one, and above it by
 * at most what the lightest name has. A name with more than its share, 1 / capacity of all weight, is sure to be there.
 */

export class TopK {
  private readonly capacity: number;
  private readonly places = new Map<string, number>();
  private readonly names: string[] = [];
  private readonly weights: Float64Array;
  /** What each name inherited. */
  private readonly errors: Float64Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.weights = new Float64Array(capacity);
    this.errors = new Float64Array(capacity);
  }

  /** Adds to the weight of a name. O(1), but O(capacity) for a name that takes another one's place. */
  add(name: string, weight: number): void {
    const place = this.places.get(name) ?? this.placeFor(name);
    this.weights[place] += weight;
  }

  private placeFor(name: string): number {
    let place = this.names.length;
    if (place === this.capacity) {
      place = this.lightest();
      this.places.delete(this.names[place]);
      this.errors[place] = this.weights[place];
    }
    this.names[place] = name;
    this.places.set(name, place);
    return place;
  }

  private lightest(): number {
    const { weights } = this;
    let lightest = 0;
    for (let i = 1; i < weights.length; i++) if (weights[i] < weights[lightest]) lightest = i;
    return lightest;
  }

  /** At most `count` names with what is certain of their weights, the heaviest first; none whose weight may be nothing. */
  heaviest(count: number): [name: string, weight: number][] {
    const all = this.names.map((name, i): [string, number] => [name, this.weights[i] - this.errors[i]]);
    return all
      .filter(([, weight]) => weight > 0)
      .sort(([, a], [, b]) => b - a)
      .slice(0, count);
  }
}
