import Measures
package import OneDNN

/// The best speed of one core: that of a direct convolution that suits oneDNN.
package enum ConvolutionLimit {
  /// The operations per second of a 3×3 convolution of 128 channels on 28×28 images, in 10⁹.
  ///
  /// The fastest of `runs` runs after two that aren't counted, on the calling thread.
  package static func gigaflopsPerSecond(runs: Int = 20) throws(DNNLError) -> Double {
    Library.useOneThread()
    let (batch, channels, extent) = (8, 128, 28)
    let engine = try Engine()
    let stream = try OneDNN.Stream(on: engine)
    let images = try MemoryDescriptor.any([batch, channels, extent, extent])
    let descriptor = try Convolution(strides: [1, 1], padding: [1, 1]).forward(
      source: images, weights: .any([channels, channels, 3, 3]), bias: nil, destination: images,
      relu: false, training: true, on: engine)
    var tensors: [(Argument, Memory)] = []
    for (argument, layout) in [
      (Argument.source, descriptor.source), (.weights, descriptor.weights),
      (.destination, descriptor.destination), (.scratchpad, descriptor.scratchpad),
    ] where layout.byteCount > 0 {
      let region = Storage(byteCount: layout.byteCount).region
      let count = layout.byteCount / 4
      region.write([Float](repeating: 0.5, count: count), count: count)
      tensors.append((argument, try Memory(layout, in: region, on: engine)))
    }
    let primitive = try Primitive(descriptor, tensors)
    var fastest = Duration.seconds(3600)
    for run in 0..<runs + 2 {
      let start = ContinuousClock.now
      try primitive.run(on: stream)
      if run >= 2 { fastest = min(fastest, start.duration(to: .now)) }
    }
    let operations = 2 * 9 * batch * channels * channels * extent * extent
    return Double(operations) / fastest.seconds / 1e9
  }
}
