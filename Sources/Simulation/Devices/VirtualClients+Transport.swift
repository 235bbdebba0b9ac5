import Federation
import Ledger
import Measures
import Server
import Wire
import ZMTP

// What clients say goes over the simulated network, under their own names.
extension VirtualClients: ClientTransport {
  private static let cost = ZMTPCost(.null)

  func send(_ message: Wire.Message<Uplink>, from client: Int) {
    let frames = message.frameSizes()
    world.network.sendUp(
      client,
      SimulatedMessage(
        .uplink(message, nil), frames: frames,
        kind: TrafficKind(of: message),
        wire: Self.cost.message(frames).bytes))
  }

  func send(_ chunks: UpdateChunks, of update: ClientUpdate, from client: Int) {
    for chunk in chunks {
      let length = chunk.range.count
      let frames = chunk.message.frameSizes(payload: length)
      world.network.sendUp(
        client,
        SimulatedMessage(
          .uplink(chunk.message, update), frames: frames, kind: .update, payload: length,
          wire: Self.cost.message(frames).bytes))
    }
  }

  func subscribe(_ client: Int, to topic: Topic) {
    world.network.subscribe(client, to: Subscription(topic, isBulk: true))
  }

  func unsubscribe(_ client: Int, from topic: Topic) {
    world.network.unsubscribe(client, from: Subscription(topic, isBulk: true))
  }
}
