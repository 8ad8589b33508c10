package agena.interop;

import com.alibaba.fastjson2.JSONObject;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.common.message.MessageQueue;

/** Pulls once with Apache RocketMQ's old pull consumer, which shows what the broker answers. */
final class PullTools {
    private PullTools() {
    }

    /** `topic`, `queueId`, `brokerName`, `offset`, `expression`: answers `status`, `nextOffset`, `count`. */
    static Object pull(JSONObject request) throws Exception {
        DefaultMQPullConsumer consumer = new DefaultMQPullConsumer(request.getString("group"));
        Clients.configure(consumer, request);
        consumer.start();
        try {
            MessageQueue queue = new MessageQueue(request.getString("topic"), request.getString("brokerName"),
                request.getIntValue("queueId"));
            PullResult pulled = consumer.pull(queue, request.getString("expression"), request.getLongValue("offset"), 32);
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("status", pulled.getPullStatus().name());
            row.put("nextOffset", pulled.getNextBeginOffset());
            row.put("count", pulled.getMsgFoundList() == null ? 0 : pulled.getMsgFoundList().size());
            return row;
        } finally {
            consumer.shutdown();
        }
    }
}
