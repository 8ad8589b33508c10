package agena.interop;

import com.alibaba.fastjson2.JSONObject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Polls with Apache RocketMQ's lite pull consumer. */
final class LitePullTools {
    private static final long POLL_MS = 500;

    /**
     * `nameServer`, `group`, `topic`, `mode` (subscribe or assign), `count`, `timeoutMs`, and
     * optionally `expression`. Commits what it polled; assigned queues are read from their beginning.
     */
    Object pull(JSONObject request) throws Exception {
        DefaultLitePullConsumer consumer = new DefaultLitePullConsumer(request.getString("group"));
        consumer.setNamesrvAddr(request.getString("nameServer"));
        consumer.setInstanceName(UUID.randomUUID().toString());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setAutoCommit(false);
        boolean isAssign = "assign".equals(request.getString("mode"));
        if (!isAssign) {
            consumer.subscribe(request.getString("topic"),
                request.containsKey("expression") ? request.getString("expression") : "*");
        }
        consumer.start();
        try {
            if (isAssign) {
                Collection<MessageQueue> queues = consumer.fetchMessageQueues(request.getString("topic"));
                consumer.assign(queues);
                for (MessageQueue queue : queues) {
                    consumer.seekToBegin(queue);
                }
            }
            return poll(consumer, request.getIntValue("count"), request.getLongValue("timeoutMs"));
        } finally {
            consumer.shutdown();
        }
    }

    private static List<Object> poll(DefaultLitePullConsumer consumer, int count, long timeoutMs) throws Exception {
        ConsumedMessages received = new ConsumedMessages();
        long deadline = System.currentTimeMillis() + timeoutMs;
        int total = 0;
        while (total < count && System.currentTimeMillis() < deadline) {
            List<MessageExt> messages = new ArrayList<>(consumer.poll(POLL_MS));
            total += messages.size();
            received.addAll(messages);
        }
        received.addAll(consumer.poll(POLL_MS));
        consumer.commit();
        return received.await(0, 0, 0);
    }
}
