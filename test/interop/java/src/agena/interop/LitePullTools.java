package agena.interop;

import com.alibaba.fastjson2.JSONObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Polls with Apache RocketMQ's lite pull consumer. */
final class LitePullTools {
    private static final long POLL_MS = 500;

    private final Map<String, DefaultLitePullConsumer> running = new ConcurrentHashMap<>();

    /**
     * `nameServer`, `group`, `topic`, `mode` (subscribe or assign), `count`, `timeoutMs`, and
     * optionally `expression`. Subscribed, it commits what it polled. Assigned, it reads all queues
     * from their beginning and commits nothing; without a seek, since one that comes right behind
     * the assignment may be taken by the very pull task that it cancels, and its successor then
     * goes on behind what that one had read (DefaultLitePullConsumerImpl.PullTaskImpl): of 2,000
     * such consumers on a busy machine one never saw a queue's messages, whoever was the broker.
     */
    Object pull(JSONObject request) throws Exception {
        boolean isAssign = "assign".equals(request.getString("mode"));
        DefaultLitePullConsumer consumer = open(request, !isAssign);
        try {
            if (isAssign) {
                consumer.assign(consumer.fetchMessageQueues(request.getString("topic")));
            }
            ConsumedMessages received = new ConsumedMessages();
            poll(consumer, received, request.getIntValue("count"), request.getLongValue("timeoutMs"));
            if (!isAssign) {
                consumer.commit();
            }
            return received.await(0, 0, 0);
        } finally {
            consumer.shutdown();
        }
    }

    /** As all clients, and `group`, `from`, `autoCommit`; subscribes with `topic` and `expression` or `sql`. */
    Object start(JSONObject request) throws Exception {
        DefaultLitePullConsumer consumer = open(request, request.containsKey("topic"));
        running.put(consumer.getInstanceName(), consumer);
        return Map.of("lite", consumer.getInstanceName());
    }

    /** `lite`, `action`, and what that needs; `failure` where RocketMQ's client refuses. */
    Object steer(JSONObject request) throws Exception {
        DefaultLitePullConsumer consumer = running.get(request.getString("lite"));
        Map<String, Object> result = new LinkedHashMap<>();
        try {
            result.put("result", act(consumer, request));
        } catch (MQClientException failure) {
            result.put("failure", Clients.failureRow(failure));
        }
        return result;
    }

    Object stop(JSONObject request) {
        running.remove(request.getString("lite")).shutdown();
        return null;
    }

    private static Object act(DefaultLitePullConsumer consumer, JSONObject request) throws Exception {
        String topic = request.getString("topic");
        switch (request.getString("action")) {
            case "assign":
                consumer.assign(queuesOf(consumer, request));
                return null;
            case "poll":
                return consumer.poll(request.getLongValue("timeoutMs")).stream()
                    .map(message -> ConsumedMessages.row(message, 1)).collect(Collectors.toList());
            case "seek":
                for (MessageQueue queue : queuesOf(consumer, request)) {
                    seek(consumer, queue, request);
                }
                return null;
            case "commit":
                consumer.commit();
                return null;
            case "committed":
                Map<String, Object> offsets = new TreeMap<>();
                for (MessageQueue queue : queuesOf(consumer, request)) {
                    offsets.put(String.valueOf(queue.getQueueId()), consumer.committed(queue));
                }
                return offsets;
            case "pause":
                consumer.pause(queuesOf(consumer, request));
                return null;
            case "resume":
                consumer.resume(queuesOf(consumer, request));
                return null;
            case "assigned":
                return consumer.assignment().stream().filter(queue -> queue.getTopic().equals(topic))
                    .map(MessageQueue::getQueueId).sorted().collect(Collectors.toList());
            default:
                throw new IllegalArgumentException("no such action: " + request.getString("action"));
        }
    }

    /** All queues of `topic`, or those of `queueIds`. */
    private static List<MessageQueue> queuesOf(DefaultLitePullConsumer consumer, JSONObject request) throws Exception {
        List<Integer> ids = request.containsKey("queueIds") ? request.getList("queueIds", Integer.class) : null;
        return consumer.fetchMessageQueues(request.getString("topic")).stream()
            .filter(queue -> ids == null || ids.contains(queue.getQueueId())).collect(Collectors.toList());
    }

    /** `to`: an offset, first, last, or `atMs`, milliseconds since 1970. */
    private static void seek(DefaultLitePullConsumer consumer, MessageQueue queue, JSONObject request) throws Exception {
        if (request.containsKey("atMs")) {
            consumer.seek(queue, consumer.offsetForTimestamp(queue, request.getLongValue("atMs")));
        } else if ("first".equals(request.get("to"))) {
            consumer.seekToBegin(queue);
        } else if ("last".equals(request.get("to"))) {
            consumer.seekToEnd(queue);
        } else {
            consumer.seek(queue, request.getLongValue("to"));
        }
    }

    private static DefaultLitePullConsumer open(JSONObject request, boolean subscribes) throws Exception {
        DefaultLitePullConsumer consumer = new DefaultLitePullConsumer(request.getString("group"));
        Clients.configure(consumer, request);
        consumer.setConsumeFromWhere("last".equals(request.get("from"))
            ? ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET : ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setAutoCommit(request.getBooleanValue("autoCommit"));
        consumer.setPullThreadNums(4);
        if (subscribes && request.containsKey("sql")) {
            consumer.subscribe(request.getString("topic"), MessageSelector.bySql(request.getString("sql")));
        } else if (subscribes) {
            consumer.subscribe(request.getString("topic"),
                request.containsKey("expression") ? request.getString("expression") : "*");
        }
        consumer.start();
        return consumer;
    }

    private static void poll(DefaultLitePullConsumer consumer, ConsumedMessages received, int count, long timeoutMs) {
        long deadline = System.currentTimeMillis() + timeoutMs;
        int total = 0;
        while (total < count && System.currentTimeMillis() < deadline) {
            List<MessageExt> messages = new ArrayList<>(consumer.poll(POLL_MS));
            total += messages.size();
            received.addAll(messages);
        }
        received.addAll(consumer.poll(POLL_MS));
    }
}
