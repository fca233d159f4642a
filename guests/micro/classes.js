// Objects of a class and of its child: methods, fields, accessors, private names, super.
() => {
  class Shape {
    #hits = 0;
    constructor(x) {
      this.x = x;
    }
    get hits() {
      return this.#hits;
    }
    area() {
      this.#hits++;
      return 0;
    }
    scaled(by) {
      return new this.constructor(this.x * by);
    }
  }
  class Square extends Shape {
    area() {
      return super.area() + this.x * this.x;
    }
  }
  class Circle extends Shape {
    area() {
      return super.area() + 3 * this.x * this.x;
    }
  }
  let sum = 0;
  for (let i = 0; i < 40_000; i++) {
    const shape = i % 2 ? new Square(i % 10) : new Circle(i % 10);
    sum += shape.area() + shape.scaled(2).area() + shape.hits;
  }
  return sum;
};
