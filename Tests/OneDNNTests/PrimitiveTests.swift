import OneDNN
import Testing

@Suite struct `A primitive` {
  private func run(
    _ descriptor: PrimitiveDescriptor, _ inputs: [(Argument, MemoryDescriptor, [Float])],
    to output: (Argument, MemoryDescriptor), on engine: Engine
  ) throws -> [Float] {
    let stream = try Stream(on: engine)
    var bindings: [(Argument, Memory)] = []
    for (argument, layout, scalars) in inputs {
      let storage = Storage(byteCount: layout.byteCount)
      storage.region.write(scalars, count: scalars.count)
      bindings.append((argument, try Memory(layout, in: storage.region, on: engine)))
    }
    let storage = Storage(byteCount: output.1.byteCount)
    bindings.append((output.0, try Memory(output.1, in: storage.region, on: engine)))
    let scratch = Storage(byteCount: descriptor.scratchpad.byteCount)
    if descriptor.scratchpad.byteCount > 0 {
      bindings.append(
        (.scratchpad, try Memory(descriptor.scratchpad, in: scratch.region, on: engine)))
    }
    try Primitive(descriptor, bindings).run(on: stream)
    return storage.region.read(count: output.1.byteCount / 4)
  }

  @Test func `multiplies a matrix, adds a bias and cuts at zero`() throws {
    let engine = try Engine()
    let layouts = (
      x: try MemoryDescriptor.plain([2, 3]), w: try MemoryDescriptor.plain([2, 3]),
      b: try MemoryDescriptor.plain([2]), y: try MemoryDescriptor.plain([2, 2])
    )
    let descriptor = try InnerProduct.forward(
      source: layouts.x, weights: layouts.w, bias: layouts.b, destination: layouts.y, relu: true,
      training: false, on: engine)
    let y = try run(
      descriptor,
      [
        (.source, layouts.x, [1, 2, 3, 4, 5, 6]), (.weights, layouts.w, [1, 0, -1, 0.5, 0.5, 0.5]),
        (.bias, layouts.b, [1, 10]),
      ], to: (.destination, layouts.y), on: engine)
    #expect(y == [0, 13, 0, 17.5])
  }

  @Test(arguments: [Pooling.Kind.maximum, .mean])
  func `pools windows side by side`(kind: Pooling.Kind) throws {
    let engine = try Engine()
    let (x, y) = (
      try MemoryDescriptor.plain([1, 1, 2, 4]), try MemoryDescriptor.plain([1, 1, 1, 2])
    )
    let descriptor = try Pooling(kind, window: [2, 2], strides: [2, 2], padding: [0, 0])
      .forward(source: x, destination: y, training: false, on: engine)
    let pooled = try run(
      descriptor, [(.source, x, [1, 2, 30, 40, 3, 4, 10, 20])], to: (.destination, y), on: engine)
    #expect(pooled == (kind == .maximum ? [4, 40] : [2.5, 25]))
  }

  @Test func `convolves, and says how`() throws {
    let engine = try Engine()
    let (x, w) = (
      try MemoryDescriptor.plain([1, 1, 3, 3]), try MemoryDescriptor.plain([1, 1, 2, 2])
    )
    let y = try MemoryDescriptor.plain([1, 1, 2, 2])
    let descriptor = try Convolution(strides: [1, 1], padding: [0, 0]).forward(
      source: x, weights: w, bias: nil, destination: y, relu: false, training: false, on: engine)
    #expect(!descriptor.implementation.isEmpty)
    let result = try run(
      descriptor, [(.source, x, [1, 2, 3, 4, 5, 6, 7, 8, 9]), (.weights, w, [1, 0, 0, -1])],
      to: (.destination, y), on: engine)
    #expect(result == [-4, -4, -4, -4])
  }
}
