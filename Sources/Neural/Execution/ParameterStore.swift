import OneDNN
import Tensors

/// The parameters of a network as training holds them: values, gradients and momenta in the layouts
/// that the convolutions chose, each one block of memory, one segment after the other.
///
/// Padding inside and between the tensors is zero in all of them and stays zero, so that an
/// optimizer walks over whole segments without looking at shapes.
final class ParameterStore {
  /// The flat layouts of the segments.
  let layouts: [ParameterLayout]
  let engine: Engine
  private(set) var slots: [[Slot?]]
  /// The floats of each segment that an optimizer moves; its buffers lie behind them.
  private(set) var segments: [Range<Int>] = []
  private(set) var weights = Storage(byteCount: 0)
  private(set) var gradients = Storage(byteCount: 0)
  private(set) var momenta = Storage(byteCount: 0)
  private var squares: Storage?
  /// The place of one parameter on its way in or out: the momenta, which nobody needs then, as a
  /// training clears them when it begins.
  private var staging: Region { momenta.region }
  private var loads: [[Primitive?]] = []
  private var stores: [[Primitive?]] = []
  private var gradientStores: [[Primitive?]] = []

  /// One parameter's layout and place.
  struct Slot {
    let descriptor: MemoryDescriptor
    var byteOffset = 0
  }

  init(_ layouts: [ParameterLayout], on engine: Engine) {
    self.layouts = layouts
    self.engine = engine
    slots = layouts.map { Array(repeating: nil, count: $0.parameters.count) }
  }

  /// The layout of a parameter, if it is settled.
  func descriptor(segment: Int, parameter: Int) -> MemoryDescriptor? {
    slots[segment][parameter]?.descriptor
  }

  /// Settles a parameter's layout, once and for all.
  func settle(segment: Int, parameter: Int, as descriptor: MemoryDescriptor) {
    precondition(slots[segment][parameter] == nil, "a layout is settled once")
    slots[segment][parameter] = Slot(descriptor: descriptor)
  }

  /// The memory of a parameter's value or gradient.
  func region(segment: Int, parameter: Int, _ part: TensorPlan.ParameterPart) -> Region {
    guard let slot = slots[segment][parameter] else {
      preconditionFailure("parameter \(parameter) of segment \(segment) has no layout")
    }
    let storage =
      switch part {
      case .value: weights
      case .gradient: gradients
      }
    return storage.region.part(at: slot.byteOffset, byteCount: slot.descriptor.byteCount)
  }

  /// Gives every parameter its place and the memory to it.
  func allocate() throws(DNNLError) {
    var (next, largest) = (0, 0)
    for segment in slots.indices {
      let (start, parameters) = (next, layouts[segment].parameters)
      let isBuffer = { parameters[$0].role == .buffer }
      let indices = slots[segment].indices
      var end: Int?
      for parameter in indices.filter({ !isBuffer($0) }) + indices.filter(isBuffer) {
        if isBuffer(parameter), end == nil { end = next }
        guard var slot = slots[segment][parameter] else { continue }
        slot.byteOffset = next
        slots[segment][parameter] = slot
        next += (slot.descriptor.byteCount + 63) / 64 * 64
        largest = max(largest, 4 * parameters[parameter].shape.count)
      }
      segments.append(start / 4..<(end ?? next) / 4)
    }
    weights = Storage(byteCount: next)
    gradients = Storage(byteCount: next)
    momenta = Storage(byteCount: next)
    precondition(largest <= momenta.byteCount, "a parameter of \(largest) bytes in \(next)")
    loads = try reorders(weights, loading: true)
    stores = try reorders(weights, loading: false)
    gradientStores = try reorders(gradients, loading: false)
  }

  private func reorders(
    _ storage: Storage, loading: Bool
  ) throws(DNNLError) -> [[Primitive?]] {
    var all: [[Primitive?]] = []
    for row in slots {
      var primitives: [Primitive?] = []
      for slot in row {
        guard let slot else {
          primitives.append(nil)
          continue
        }
        let plain = try MemoryDescriptor.plain(slot.descriptor.dimensions)
        let flat = try Memory(plain, in: staging, on: engine)
        let part = storage.region.part(
          at: slot.byteOffset, byteCount: slot.descriptor.byteCount)
        let blocked = try Memory(slot.descriptor, in: part, on: engine)
        let (from, to) = loading ? (flat, blocked) : (blocked, flat)
        let descriptor = try Reorder.descriptor(
          from: from.descriptor, to: to.descriptor, on: engine)
        primitives.append(try Primitive(descriptor, [(.source, from), (.destination, to)]))
      }
      all.append(primitives)
    }
    return all
  }

  /// Reorders `vectors`, one for each segment, into the values; overwrites the momenta.
  func load(_ vectors: [ParameterVector], on stream: OneDNN.Stream) throws(DNNLError) {
    precondition(
      vectors.map(\.layout) == layouts,
      "parameters \(vectors.map(\.layout.name)) for a network of \(layouts.map(\.name))")
    for (segment, vector) in vectors.enumerated() {
      for index in vector.layout.parameters.indices {
        let range = vector.layout.range(of: index)
        // SAFETY: the staging memory holds the largest parameter.
        unsafe vector.scalars.withUnsafeBufferPointer { scalars in
          _ = unsafe staging.floats.update(fromContentsOf: scalars[range])
        }
        try loads[segment][index]?.run(on: stream)
      }
    }
  }

  /// The values as they are now, in memory of their own.
  func copyOfWeights() -> Storage {
    let copy = Storage(byteCount: weights.byteCount)
    // SAFETY: both storages are of the same length.
    unsafe copy.region.address.copyMemory(
      from: weights.region.address, byteCount: copy.byteCount)
    return copy
  }

  /// Adam's running squares, all 0; they get their memory at the first call and keep it.
  func clearedSquares() -> Storage {
    let storage = squares ?? Storage(byteCount: weights.byteCount)
    squares = storage
    storage.region.clear()
    return storage
  }

  /// The bytes that values, gradients and moments take.
  var byteCount: Int { (squares == nil ? 3 : 4) * weights.byteCount }

  /// Gives the memory of gradients and momenta back to the system until somebody needs it, where it
  /// is much.
  func rest() {
    guard gradients.byteCount >= 1 << 20 else { return }
    gradients.discard()
    momenta.discard()
  }

  /// Reorders the values of `segments` into `vectors`; overwrites the momenta.
  func store(
    segments: Set<Int>, to vectors: inout [ParameterVector], on stream: OneDNN.Stream
  ) throws(DNNLError) {
    try write(stores, segments, &vectors, stream)
  }

  /// Reorders the gradients of `segments` into `vectors`; overwrites the momenta.
  func storeGradients(
    segments: Set<Int>, to vectors: inout [ParameterVector], on stream: OneDNN.Stream
  ) throws(DNNLError) {
    try write(gradientStores, segments, &vectors, stream)
  }

  private func write(
    _ primitives: [[Primitive?]], _ segments: Set<Int>, _ vectors: inout [ParameterVector],
    _ stream: OneDNN.Stream
  ) throws(DNNLError) {
    for segment in segments.sorted() {
      for index in layouts[segment].parameters.indices {
        try primitives[segment][index]?.run(on: stream)
        let range = layouts[segment].range(of: index)
        // SAFETY: the staging memory holds the largest parameter.
        unsafe vectors[segment].scalars.withUnsafeMutableBufferPointer { scalars in
          _ = unsafe scalars[range].update(
            fromContentsOf: staging.floats.prefix(range.count))
        }
      }
    }
  }
}
