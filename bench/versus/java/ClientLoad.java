import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;

/**
 * Apache RocketMQ's Java client under load, as client-peer.ts is ours; prints rate and processor
 * time of this process as one JSON object. The arguments: send or consume, name server, topic,
 * warm-up ms, measured ms, and then for sends body bytes and messages in flight, for consuming
 * messages a call of the listener and messages in the topic.
 */
public final class ClientLoad {
    private static final OperatingSystemMXBean SYSTEM =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final String nameServer;
    private final String topic;

    private ClientLoad(String nameServer, String topic) {
        this.nameServer = nameServer;
        this.topic = topic;
    }

    public static void main(String[] words) throws Exception {
        ClientLoad load = new ClientLoad(words[1], words[2]);
        long warmupMs = Long.parseLong(words[3]);
        if (words[0].equals("send")) {
            load.measureSends(warmupMs, Long.parseLong(words[4]), Integer.parseInt(words[5]),
                Integer.parseInt(words[6]));
        } else {
            load.measureConsuming(warmupMs, Integer.parseInt(words[5]), Long.parseLong(words[6]));
        }
        System.exit(0);
    }

    /** Messages over a stretch of time, and the processor's time that this process took for them. */
    private static final class Stretch {
        private final long start = System.nanoTime();
        private final long cpuStart = SYSTEM.getProcessCpuTime();

        private String end(long messages) {
            long elapsed = System.nanoTime() - start;
            double cpuUs = (SYSTEM.getProcessCpuTime() - cpuStart) / 1e3;
            return String.format(Locale.ROOT, "{\"ratePerSecond\":%f,\"cpuUs\":%f}",
                messages * 1e9 / elapsed, cpuUs / messages);
        }
    }

    private void measureSends(long warmupMs, long durationMs, int bodyBytes, int inFlight)
        throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("client-load");
        producer.setNamesrvAddr(nameServer);
        producer.start();
        byte[] body = new byte[bodyBytes];
        Arrays.fill(body, (byte) 'x');
        sendFor(producer, warmupMs, body, inFlight);
        System.out.println(sendFor(producer, durationMs, body, inFlight));
        producer.shutdown();
    }

    private String sendFor(DefaultMQProducer producer, long ms, byte[] body, int inFlight)
        throws Exception {
        Semaphore free = new Semaphore(inFlight);
        AtomicLong acked = new AtomicLong();
        SendCallback callback = new SendCallback() {
            @Override
            public void onSuccess(SendResult result) {
                if (result.getSendStatus() == SendStatus.SEND_OK) {
                    acked.incrementAndGet();
                }
                free.release();
            }

            @Override
            public void onException(Throwable error) {
                free.release();
            }
        };
        Stretch stretch = new Stretch();
        long end = System.nanoTime() + ms * 1_000_000;
        while (System.nanoTime() < end) {
            free.acquire();
            producer.send(new Message(topic, "TagA", body), callback);
        }
        free.acquire(inFlight);
        return stretch.end(acked.get());
    }

    private void measureConsuming(long warmupMs, int batchMax, long messages) throws Exception {
        long warmUntil = System.nanoTime() + warmupMs * 1_000_000;
        while (System.nanoTime() < warmUntil) {
            consumeAll(batchMax, messages);
        }
        System.out.println(consumeAll(batchMax, messages));
    }

    /** A new group each time reads the whole topic; the time counts from its first message on. */
    private String consumeAll(int batchMax, long messages) throws Exception {
        AtomicReference<Stretch> stretch = new AtomicReference<>();
        AtomicLong count = new AtomicLong();
        CompletableFuture<String> done = new CompletableFuture<>();
        String group = "client-load-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(nameServer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setConsumeMessageBatchMaxSize(batchMax);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (received, context) -> {
            if (stretch.get() == null) {
                stretch.compareAndSet(null, new Stretch());
            }
            long total = count.addAndGet(received.size());
            if (total >= messages) {
                done.complete(stretch.get().end(total));
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        String sample = done.get();
        consumer.shutdown();
        return sample;
    }
}
