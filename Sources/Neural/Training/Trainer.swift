public import Measures
public import OneDNN
import Tensors

/// Trains and evaluates a network; one thread's own.
///
/// Tensors get their memory at the first use of a batch size and keep it: a steady step allocates
/// none.
/// What is computed depends on the parameters, the samples and the random stream, bit for bit, and
/// not on the thread or on what the trainer did before.
public final class Trainer {
  /// The network to be trained.
  public let network: Network
  /// The number of samples in a full batch of training, B.
  public let batch: Int
  /// Is called when a further plan of work has been compiled: what that took can be given back.
  public var whenCompiled: () -> Void = {}

  let engine: Engine
  let stream: OneDNN.Stream
  let store: ParameterStore
  private var arena = Storage(byteCount: 0)
  private var compiled: [PlanKey: Compiler] = [:]
  private var plans: [PlanKey: ExecutionPlan] = [:]
  private var buffer: Batch

  private struct PlanKey: Hashable {
    let batch: Int
    let trainable: Set<Int>
  }

  /// A trainer of `network` for batches of up to `batch` samples.
  ///
  /// - Parameters:
  ///   - network: The network to train.
  ///   - batch: The number of samples in a full batch.
  /// - Throws: `DNNLError` if oneDNN can't compute the network on this machine.
  public init(network: Network, batch: Int) throws(DNNLError) {
    precondition(batch > 0, "a batch of \(batch)")
    Library.useOneThread()
    self.network = network
    self.batch = batch
    engine = try Engine()
    stream = try OneDNN.Stream(on: engine)
    store = ParameterStore(network.layouts, on: engine)
    buffer = Batch(
      capacity: batch, input: network.input, labelsPerSample: network.labelsPerSample)
    // The layouts of the parameters are those of a full batch's training, whatever is done first:
    // else the order of use could change the order of additions.
    let all = Set(network.layouts.indices)
    let compiler = Compiler(network, batch: batch, trainable: all, parameters: store, on: engine)
    try compiler.run()
    try store.allocate()
    compiled[PlanKey(batch: batch, trainable: all)] = compiler
  }

  /// The plan for `batch` samples, compiled at its first use.
  func plan(batch: Int, trainable: Set<Int>) throws(DNNLError) -> ExecutionPlan {
    let key = PlanKey(batch: batch, trainable: trainable)
    if let plan = plans[key] { return plan }
    let compiler: Compiler
    if let known = compiled[key] {
      compiler = known
    } else {
      compiler = Compiler(
        network, batch: batch, trainable: trainable, parameters: store, on: engine)
      try compiler.run()
      compiled[key] = compiler
    }
    if arena.byteCount < compiler.arena.byteCount {
      // Plans never run at the same time, so they share the memory; the others are bound anew.
      plans = [:]
      arena = Storage(byteCount: compiler.arena.byteCount)
    }
    let plan = try ExecutionPlan(compiler, network: network, arena: arena)
    plans[key] = plan
    whenCompiled()
    return plan
  }

  /// Calls `body` with each batch of `source`, as long as it returns true.
  func forEachBatch(
    of source: inout some BatchSource, capacity: Int,
    _ body: (Batch) throws(DNNLError) -> Bool
  ) throws(DNNLError) {
    if buffer.capacity != capacity {
      buffer = Batch(
        capacity: capacity, input: network.input, labelsPerSample: network.labelsPerSample)
    }
    while true {
      source.fill(&buffer)
      guard buffer.count > 0 else { return }
      guard try body(buffer) else { return }
    }
  }

  /// The memory that the trainer holds for tensors.
  public var memory: ByteCount {
    ByteCount(arena.byteCount + store.byteCount)
  }
}
